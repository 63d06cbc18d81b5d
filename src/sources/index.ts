import type { Source } from './source.ts'
import { customRun, pipelineRun, taskRun } from './tekton.ts'

/** Every kind that can be subscribed to, by its name. */
export const sources: Readonly<Record<string, Source>> = {
  TaskRun: taskRun,
  PipelineRun: pipelineRun,
  CustomRun: customRun,
}
