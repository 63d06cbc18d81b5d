import type { EventSink, EventSubscription } from '../../api/generated.ts'
import schemas from '../../api/generated-schemas.json' with { type: 'json' }
import { keyOf, type ObjectMeta } from '../../api/object.ts'
import { checkSchema, type Schema, type SchemaProblem, withDefaults } from '../../api/schema.ts'
import { fields, text } from '../../sources/read.ts'
import type { Document } from '../documents.ts'
import { checkRules } from './rules.ts'

/** Stands for a uid that only a cluster gives. */
export const noUid = '00000000-0000-0000-0000-000000000000'

/** A CR with the API server's defaults, and what the API server would refuse of it. `unchecked`: rules that can't be tried here. */
export type Declared<T> = { key: string; object: T; refused: SchemaProblem[]; unchecked: SchemaProblem[] }

type Cr = EventSink | EventSubscription

const known = ['apiVersion', 'kind', 'metadata', 'spec', 'status']

/** `namespace`: of what names none. */
export function declare<T extends Cr>({ kind, object }: Document, namespace: string): Declared<T> {
  const schema = (schemas as Record<string, unknown>)[kind] as Schema
  const metadata = metadataOf(object.metadata, namespace)
  const spec = withDefaults(schema, object.spec)
  const problems = [...headProblems(object), ...checkSchema(schema, spec, 'spec')]
  const rules = problems.length > 0 ? { problems: [], unchecked: [] } : checkRules(schema, spec, 'spec')
  return {
    key: keyOf({ metadata }),
    object: { ...object, metadata, spec } as unknown as T,
    refused: [...problems, ...rules.problems],
    unchecked: rules.unchecked,
  }
}

function headProblems(object: Document['object']): SchemaProblem[] {
  const strange = Object.keys(object).filter((name) => !known.includes(name))
  const { apiVersion } = object
  return [
    ...(apiVersion === 'carillon.dev/v1alpha1'
      ? []
      : [{ path: 'apiVersion', message: 'must be carillon.dev/v1alpha1' }]),
    ...(text(fields(object.metadata).name) === undefined ? [{ path: 'metadata.name', message: 'required value' }] : []),
    ...strange.map((path) => ({ path, message: `unknown field; there are ${known.join(', ')}` })),
  ]
}

/** What every stored object has, where it is missing: of an object that never was in a cluster. */
export function metadataOf(given: unknown, namespace: string): ObjectMeta {
  return {
    name: '',
    namespace,
    uid: noUid,
    resourceVersion: '',
    creationTimestamp: '',
    ...fields(given),
  }
}
