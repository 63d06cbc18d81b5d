import type { KubeObject } from '../../api/object.ts'
import { type Fields, fields, text } from '../../sources/read.ts'
import type { EventName } from '../cdevents/generated.ts'
import { isPurl } from '../cdevents/purl.ts'
import type { EncodeInput } from '../format.ts'
import type { DeclaredEvent, Rule } from './declaration.ts'
import { genericPurl, imagePurl } from './purl.ts'
import { type RunValues, valuesOf } from './run-values.ts'

/**
 * The names of Tekton's experiment (tektoncd/experimental, cloudevents/): an annotation that is there, whatever its value, means an event
 * of a run that succeeded, with data from three results, whose names other annotations may change.
 */
type Experimental = { annotation: string; name: EventName; of: 'artifact' | 'service' }

const artifact = (predicate: 'packaged' | 'published'): Experimental => ({
  annotation: `cd.artifact.${predicate}`,
  name: `artifact.${predicate}`,
  of: 'artifact',
})
const service = (predicate: 'deployed' | 'upgraded' | 'rolledback' | 'removed'): Experimental => ({
  annotation: `cd.service.${predicate}`,
  name: `service.${predicate}`,
  of: 'service',
})

const experiments: readonly Experimental[] = [
  artifact('packaged'),
  artifact('published'),
  service('deployed'),
  service('upgraded'),
  service('rolledback'),
  service('removed'),
]

/** Results by default, and the annotations that say another name (`cd.events/results.artifact.id`). */
const results = {
  artifact: ['id', 'name', 'version'],
  service: ['envId', 'name', 'version'],
} as const

/** `made`: an event, or what is wrong with it. */
export type Experiment = { annotation: string; made: DeclaredEvent | Rule }

/** What the experiment's annotations mean for a run's milestone; `passes` says which types are wanted at all. */
export function experimentalEvents(input: EncodeInput, passes: (type: string) => boolean): Experiment[] {
  const { source, object, milestone } = input
  if (milestone.name !== 'finished' || milestone.outcome !== 'success') return []
  const annotations = fields(object.metadata.annotations)
  const asked = experiments.filter(
    ({ annotation, name }) => Object.hasOwn(annotations, annotation) && passes(`dev.cdevents.${name}`),
  )
  if (asked.length === 0) return []
  const values = valuesOf(source.kind, object)
  return asked.flatMap((one) => {
    const made = eventOf(one, annotations, values, object)
    return made ? [{ annotation: one.annotation, made }] : []
  })
}

/** undefined where the run has none of the three results: it only carries an annotation that came down to it. */
function eventOf(one: Experimental, annotations: Fields, values: RunValues, object: KubeObject) {
  const wanted = results[one.of].map((key) => {
    const renamed = text(annotations[`cd.events/results.${one.of}.${key.toLowerCase()}`])
    return [key, renamed ?? `cd.${one.of}.${key}`] as const
  })
  const found = wanted.map(([, name]) => text(values.results.get(name))?.trim())
  if (found.every((value) => value === undefined)) return undefined
  const missing = wanted.find((_, index) => !found[index])
  if (missing) return { path: '', rule: `the run has no result ${shown(missing[1])}` }
  const [id = '', name = '', version = ''] = found
  if (found.some((value) => (value ?? '').length > 1024)) return { path: '', rule: 'its results are too long' }
  return one.of === 'artifact'
    ? artifactEvent(one, { id, name, version }, values, object)
    : serviceEvent(one, { envId: id, name, version })
}

const shown = (name: string): string => (/^[\w./-]{1,253}$/.test(name) ? name : 'of the name that the annotation gives')

function artifactEvent(
  { annotation, name: event }: Experimental,
  given: { id: string; name: string; version: string },
  values: RunValues,
  object: KubeObject,
): DeclaredEvent | Rule {
  const { id, name, version } = given
  const digest = [name, version].find((value) => value.startsWith('sha256:'))
  const purl = isPurl(id)
    ? { ok: true as const, value: id }
    : digest === undefined && !id.includes('@sha256:')
      ? genericPurl(name, version)
      : imagePurl({ image: id, digest })
  if (!purl.ok) return { path: '/subject/id', rule: purl.message }
  const change = event === 'artifact.packaged' ? changeOf(values, object) : undefined
  if (event === 'artifact.packaged' && !change) return { path: '/subject/content/change', rule: changeMissing }
  const content = change ? { change } : {}
  return { declaration: annotation, name: event, subject: { id: purl.value, content }, customData: { cd: given } }
}

const changeMissing =
  'is needed: the run has neither a result CHAINS-GIT_COMMIT nor the label pipelinesascode.tekton.dev/sha'

/** The commit that was built, as Chains' type hints or Pipelines as Code tell it. */
function changeOf({ results }: RunValues, object: KubeObject): { id: string; source?: string } | undefined {
  const labels = fields(object.metadata.labels)
  const annotations = fields(object.metadata.annotations)
  const [id, source] = text(results.get('CHAINS-GIT_COMMIT'))
    ? [text(results.get('CHAINS-GIT_COMMIT')), text(results.get('CHAINS-GIT_URL'))]
    : [
        text(labels['pipelinesascode.tekton.dev/sha']) ?? text(annotations['pipelinesascode.tekton.dev/sha']),
        text(annotations['pipelinesascode.tekton.dev/repo-url']),
      ]
  return id === undefined ? undefined : { id, ...(source !== undefined && { source }) }
}

function serviceEvent(
  { annotation, name: event }: Experimental,
  given: { envId: string; name: string; version: string },
): DeclaredEvent | Rule {
  const { envId, name, version } = given
  const purl = isPurl(version)
    ? { ok: true as const, value: version }
    : version.includes('@sha256:')
      ? imagePurl({ image: version })
      : genericPurl(name, version)
  if (!purl.ok) return { path: '/subject/content/artifactId', rule: purl.message }
  const content = {
    environment: { id: envId },
    ...(event !== 'service.removed' && { artifactId: purl.value }),
  }
  return { declaration: annotation, name: event, subject: { id: name, content }, customData: { cd: given } }
}
