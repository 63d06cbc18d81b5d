import type { KubeObject } from '../../../api/object.ts'
import { legalText } from '../../attributes.ts'
import type { CustomName } from '../../cdevents/vocabulary.ts'
import type { EncodeInput } from '../../format.ts'

/** `<namespace>/<kind>/<name>`, and what it is of besides: unique in its source, the same for ever. */
export const subjectId = ({ metadata }: Pick<KubeObject, 'metadata'>, kind: string, ...names: string[]): string =>
  legalText([metadata.namespace ?? '', kind, ...names].join('/'))

export const buildId = (object: KubeObject): string => subjectId(object, 'build', object.metadata.name)

/** A scenario that is run for a Snapshot, however often: a rerun is told by its own `queued` and `started`. */
export const suiteRunId = (object: KubeObject, snapshot: string, scenario: string): string =>
  subjectId(object, 'testsuiterun', snapshot, scenario)

/** Where tests run: every event of a test must say. */
export const environmentOf = ({ cluster, object }: EncodeInput): { environment: { id: string } } => ({
  environment: { id: legalText(`${cluster.uri}/namespaces/${object.metadata.namespace ?? ''}`) },
})

/** What the Go SDK takes for a subject and a predicate is letters alone: `validation-failed` is `validationfailed`. */
export const customName = (subject: string, predicate: string): CustomName =>
  `dev.cdeventsx.konflux-${letters(subject)}.${letters(predicate)}.0.1.0`

const letters = (name: string): string => name.replace(/[^a-z]/g, '')
