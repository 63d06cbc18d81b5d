/**
 * Annotations by which a run belongs to something larger than itself. Whoever creates a run writes them, and Tekton copies a
 * PipelineRun's to all that it creates (pkg/reconciler/pipelinerun).
 */

/** The chain by name. */
export const chainAnnotation = 'carillon.dev/chain-id'

/** The trace that a PipelineRun was created in: a JSON map of W3C headers (pkg/reconciler/pipelinerun/tracing.go). */
export const traceAnnotation = 'tekton.dev/pipelinerunSpanContext'

/** The same of another kind's runs. */
export const ownTraceAnnotation = (kind: string): string => `tekton.dev/${kind.toLowerCase()}SpanContext`

/** Repository and commit, by those who create runs for commits: Pipelines as Code; Konflux, which copies them on and has its own. */
export const commitAnnotations: readonly { sha: string; repository: string }[] = [
  { sha: 'pipelinesascode.tekton.dev/sha', repository: 'pipelinesascode.tekton.dev/repo-url' },
  { sha: 'pac.test.appstudio.openshift.io/sha', repository: 'pac.test.appstudio.openshift.io/repo-url' },
  { sha: 'build.appstudio.redhat.com/commit_sha', repository: 'build.appstudio.openshift.io/repo' },
  { sha: 'build.konflux-ci.dev/commit_sha', repository: 'build.konflux-ci.dev/repo' },
]

/** Longer ones count for nothing; Tekton writes no trace that is longer. */
export const chainTextLimit = 1024

export const chainAnnotations: readonly string[] = [
  chainAnnotation,
  traceAnnotation,
  ...['TaskRun', 'CustomRun'].map(ownTraceAnnotation),
  ...commitAnnotations.flatMap(({ sha, repository }) => [sha, repository]),
]
