import { address, filled, may, must, type Rule, reference, rowsOf, sinceFour, text, word } from './rules.ts'

/** How a run ended, since 0.5. What the platform ended, or never let begin, is an error; what ran and did not succeed is a failure. */
export const outcomes: Rule = word('success', 'failure', 'cancel', 'error')

const pipelineName = may(text, 'name of the pipeline; one pipeline may have many runs')
const taskName = may(text, 'name of the task; one task may have many runs')
const errors = may(text, 'why it did not succeed')
const link = address('page of the run')
const pipelineRun = may(reference, 'the pipeline run that the task run is part of')

/** Core events: what runs. There is no taskrun.queued. */
export const runs = {
  ...rowsOf(
    'pipelinerun',
    { subjectType: 'pipelineRun' },
    {
      queued: { means: 'a pipeline run is to be started', content: { pipelineName, uri: link } },
      started: {
        means: 'a pipeline run has started; both fields are required by the schemas only',
        content: { pipelineName: { ...pipelineName, required: true }, uri: { ...link, required: true } },
      },
      finished: {
        means: 'a pipeline run has ended, one way or another',
        content: {
          pipelineName,
          uri: link,
          outcome: { rule: outcomes, means: 'how it ended', old: { rule: text } },
          errors,
        },
      },
    },
  ),
  ...rowsOf(
    'taskrun',
    { subjectType: 'taskRun' },
    {
      started: { means: 'a task run has started', content: { taskName, uri: link, pipelineRun } },
      finished: {
        means: 'a task run has ended, one way or another',
        content: {
          taskName,
          uri: link,
          pipelineRun,
          outcome: may({ is: 'text', known: ['success', 'failure', 'cancel', 'error'] }, 'how it ended'),
          errors,
        },
      },
    },
  ),
}

const artifact = may({ is: 'text', purl: true }, 'what was built')
const sbom = may(
  {
    is: 'object',
    fields: { uri: must({ is: 'text', filled: true, format: 'uri-reference' }, 'where it is') },
  },
  'software bill of materials',
)
const user = may(filled, 'who did it')

/** Continuous integration: builds and what comes of them. An artifact's subject id is a package URL. */
export const builds = {
  ...rowsOf(
    'build',
    { subjectType: 'build' },
    {
      queued: { means: 'a build is to be started', content: {} },
      started: { means: 'a build has started', content: {} },
      finished: { means: 'a build has ended; it has no outcome', content: { artifactId: artifact } },
    },
  ),
  ...rowsOf(
    'artifact',
    { subjectType: 'artifact', purl: true },
    {
      packaged: {
        means: 'an artifact was packaged, and can be had by its builder',
        content: { change: must(reference, 'the change that it was built from'), sbom },
      },
      signed: { means: 'an artifact was signed', content: { signature: must(filled, 'the signature') } },
      published: { means: 'an artifact was put where others can get it', content: { sbom, user } },
      downloaded: { means: 'an artifact was taken from where it is kept', content: { user }, versions: sinceFour },
      deleted: { means: 'an artifact was removed from where it was kept', content: { user }, versions: sinceFour },
    },
  ),
}
