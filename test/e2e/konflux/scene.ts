import type { OperatorProcess } from '../../operator/process.ts'
import type { Stage } from '../fixture.ts'

/** What is there once the tests begin; empty before. */
export type Scene = { stage: Stage; operator: OperatorProcess }
