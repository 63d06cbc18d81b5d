import type { KubeObject } from '../../../src/api/object.ts'
import type { EncodeInput } from '../../../src/formats/format.ts'
import { defaultOptions, type FormatOptions } from '../../../src/formats/options.ts'
import { eventsAnnotation } from '../../../src/formats/user-events/annotation.ts'
import type { Milestone } from '../../../src/sources/source.ts'
import { input, milestone } from '../runs.ts'

export const digest = `sha256:${'0b31'.repeat(16)}`

/** What `$(results.IMAGE_URL)` and `$(results.IMAGE_DIGEST)` of `build` come to. */
export const purl = `pkg:oci/app@sha256%3A${'0b31'.repeat(16)}?repository_url=quay.io/team/app`

/** A TaskRun of the pipeline task `build-image` (Task `buildah`), that succeeded with results; `more` changes it. */
export function build(annotations: Record<string, string> = {}, more: (run: KubeObject) => void = () => undefined) {
  const run: KubeObject = {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: {
      name: 'release-9-build-image',
      namespace: 'team-a',
      uid: '5a5c3a0e-7d0b-4c1e-9a52-0c1f6d0a9b11',
      resourceVersion: '1',
      creationTimestamp: '2026-03-02T09:00:00Z',
      labels: {
        'tekton.dev/pipeline': 'release',
        'tekton.dev/pipelineRun': 'release-9',
        'tekton.dev/pipelineTask': 'build-image',
        'tekton.dev/task': 'buildah',
        'pipelinesascode.tekton.dev/sha': 'c0ffee',
      },
      annotations,
    },
    spec: { params: [{ name: 'user', value: 'anna' }], taskRef: { name: 'buildah' } },
    status: {
      results: [
        { name: 'IMAGE_URL', type: 'string', value: 'quay.io/team/app:1.0\n' },
        { name: 'IMAGE_DIGEST', type: 'string', value: `${digest}\n` },
      ],
    },
  }
  more(run)
  return run
}

export const lets = (...types: string[]): FormatOptions => ({
  ...defaultOptions,
  cdevents: { ...defaultOptions.cdevents, userEvents: { types: new Set(types), only: false } },
})

export const published = 'dev.cdevents.artifact.published'

export const success = milestone('finished', { outcome: 'success', reason: 'Succeeded' })

/** The encoder's input of a run with this text, or these entries, as its declarations. */
export const declaring = (
  declarations: string | readonly unknown[],
  { told = success, options = lets(published), more }: Declaring = {},
): EncodeInput => {
  const text = typeof declarations === 'string' ? declarations : JSON.stringify(declarations)
  const run = build({ [eventsAnnotation]: text }, more)
  return input(run, told, { options })
}

type Declaring = { told?: Milestone; options?: FormatOptions; more?: (run: KubeObject) => void }

/** A declaration that is right, but for what is given. */
export const declaration = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: 'published',
  on: { kind: 'TaskRun', pipelineTask: 'build-image' },
  type: published,
  artifact: { image: '$(results.IMAGE_URL)', digest: '$(results.IMAGE_DIGEST)' },
  ...more,
})
