import { idNamespace } from '../../formats/attributes.ts'
import type { Row, RowEvent } from '../catalogue.ts'
import { fluxExtensions } from './flux.ts'
import { konfluxExtensions } from './konflux.ts'
import { outcomeMember } from './run.ts'
import { members, type Schema, text, time } from './schema.ts'

/** The CloudEvents attributes of an event, as its structured mode has them; in binary mode each is a header `ce-<name>`. */
export function attributes(row: Row, event: RowEvent): Schema {
  const { name } = event.variant.format
  const isOwn = name === 'cloudevents'
  return members('CloudEvents attributes', {
    'specversion!': { type: 'string', const: '1.0', description: '`1.0`: of CloudEvents' },
    'id!': text(identity, { pattern: uuid5 }),
    'source!': text(origins[name === 'cloudevents' || name === 'cdevents' ? 'cluster' : 'api']),
    'type!': { type: 'string', const: event.type, description: types[name] },
    'subject!': text(subjects[name]),
    'time!': time('when the milestone happened, never when it was seen or sent'),
    datacontenttype: {
      type: 'string',
      const: 'application/json',
      description: '`application/json`; absent with `data.content: none`',
    },
    ...(isOwn && {
      dataschema: {
        type: 'string',
        format: 'uri',
        description: 'the JSON Schema of the data, with `--schema-base-url`',
      },
    }),
    'sequence!': text(order, { pattern: '^[0-9]{17}$' }),
    namespace: text('the object’s namespace'),
    late: {
      type: 'string',
      const: 'true',
      description:
        'the event holds the whole object, and that already shows a later milestone than the one told; else absent',
    },
    ...(isOwn && ownExtensions(row)),
  })
}

const identity = `UUIDv5 in the namespace \`${idNamespace}\` of the JSON array [object uid, milestone key, format, type, part]; the same on every attempt, after every restart, from every replica`
const uuid5 = '^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
const order =
  'the time in milliseconds (15 digits), then the place in a life (2 digits), as times of many kinds are whole seconds: sorts the events of one object as text'

const origins = {
  cluster: 'cluster URI (`--cluster-uri`), `/namespaces/`, namespace, `/` and the family',
  api: 'the object’s path in the API; with `tekton.source: classic` as Tekton sends it, `/apis///namespaces/<namespace>//<name>`',
}

const types = {
  cloudevents:
    '`dev.carillon.<family>.<kind>.<milestone>.v1`, the kind in lower case; of what more is made of a run, such as a build, `dev.carillon.konflux.build.finished.v1`',
  cdevents: 'the CDEvent’s context.type',
  tektonv1: 'as Tekton’s: `dev.tekton.event.<kind>.<word>.v1`; finished is successful or failed',
  tektonv2: '`dev.tekton.event.<kind>.<word>.v2`; finished is successful or failed',
}

const subjects = {
  cloudevents: '`<kind>/<name>` of the object, the kind in lower case',
  cdevents: 'the CDEvent’s subject.id',
  tektonv1: 'the run’s name',
  tektonv2: 'the run’s name',
}

function ownExtensions({ source, milestone }: Row): Record<string, Schema> {
  return {
    'uid!': text('the object’s uid'),
    ...outcomeMember(milestone.outcome),
    ...(source.family === 'tekton' && runExtensions),
    ...((source.family === 'tekton' || source.family === 'konflux') && konfluxExtensions(source)),
    ...(source.family === 'flux' && fluxExtensions),
  }
}

/** `runExtensions` of src/formats/run-facts.ts. */
const runExtensions: Record<string, Schema> = {
  pipeline: text('the Pipeline, where the run belongs to one'),
  pipelinerun: text('the PipelineRun that the run belongs to; its own name on a PipelineRun'),
  pipelinetask: text('the task within the Pipeline'),
  traceparent: text(
    'of the trace under which Tekton runs the object (annotation `tekton.dev/<kind>SpanContext`), where that is valid',
    { pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' },
  ),
}
