import { type Crd, readCrds, type Schema } from './crd.ts'

/** Names for shapes that more than one place speaks of: `<kind>:<path>` → type. The same name twice must be the same shape. */
const names: Record<string, string> = {
  'EventSink:spec': 'EventSinkSpec',
  'EventSink:spec.http': 'SinkHttp',
  'EventSink:spec.http.headers[]': 'SinkHeader',
  'EventSink:spec.http.headers[].valueFrom.secretKeyRef': 'SecretKeyRef',
  'EventSink:spec.http.auth': 'SinkAuth',
  'EventSink:spec.retry': 'SinkRetry',
  'EventSink:spec.limits': 'SinkLimits',
  'EventSink:status': 'EventSinkStatus',
  'EventSink:status.conditions[]': 'Condition',
  'EventSink:status.counts': 'SinkCounts',
  'EventSink:status.lastDelivered': 'SinkLastDelivered',
  'EventSink:status.lastFailure': 'SinkLastFailure',
  'EventSubscription:spec': 'EventSubscriptionSpec',
  'EventSubscription:spec.sinks[]': 'SinkRef',
  'EventSubscription:spec.events[]': 'EventSelection',
  'EventSubscription:spec.events[].selector': 'LabelSelector',
  'EventSubscription:spec.namespaceSelector': 'LabelSelector',
  'EventSubscription:status': 'EventSubscriptionStatus',
  'EventSubscription:status.conditions[]': 'Condition',
  'EventSubscription:status.counts': 'SubscriptionCounts',
  'EventSubscription:status.lastMatched': 'SubscriptionLastMatched',
  'EventSubscription:status.lastDelivered': 'SubscriptionLastDelivered',
  'EventSubscription:status.lastFailure': 'SubscriptionLastFailure',
  'EventSubscription:status.sinks[]': 'SubscriptionSinkStatus',
}

/** Makes `src/api/generated.ts`: the types of the CRDs, and what a client has to know to reach them. */
export async function generate(): Promise<Map<string, string>> {
  const crds = await readCrds()
  const shapes = new Map<string, string>()
  for (const crd of crds) collect(crd, shapes)
  const text = [
    '// Generated from crds/*.yaml by `npm run generate`. Do not edit.',
    "import type { ObjectMeta } from './object.ts'",
    ...crds.map(descriptor),
    ...[...shapes].map(([name, text]) => text.replace('@NAME', name).trimEnd()),
  ].join('\n\n')
  return new Map([['src/api/generated.ts', `${text}\n`]])
}

const descriptor = (crd: Crd): string => `/** How to reach ${crd.kind}s in the API. */
export const ${crd.kind.charAt(0).toLowerCase()}${crd.kind.slice(1)}Resource = {
  group: '${crd.group}',
  version: '${crd.version}',
  apiVersion: '${crd.group}/${crd.version}',
  kind: '${crd.kind}',
  plural: '${crd.plural}',
} as const`

/** Adds a kind's own type and those of all its named shapes. */
function collect(crd: Crd, shapes: Map<string, string>): void {
  const { spec, status } = crd.schema.properties ?? {}
  if (!spec || !status) throw new Error(`${crd.path}: spec and status are expected`)
  shapes.set(crd.kind, '')
  const lines = [
    `apiVersion: '${crd.group}/${crd.version}'`,
    `kind: '${crd.kind}'`,
    'metadata: ObjectMeta',
    `spec: ${typeOf(crd, 'spec', spec, 0, shapes)}`,
    `status?: ${typeOf(crd, 'status', status, 0, shapes)}`,
  ]
  shapes.set(
    crd.kind,
    `${comment(crd.schema, '')}export type @NAME = {\n${lines.map((line) => `  ${line}\n`).join('')}}`,
  )
}

function typeOf(crd: Crd, path: string, schema: Schema, depth: number, shapes: Map<string, string>): string {
  const name = names[`${crd.kind}:${path}`]
  if (!name) return literalType(crd, path, schema, depth, shapes)
  // What a named shape is used for is said where it is used; only its fields count here.
  const known = shapes.get(name)
  if (known === undefined) shapes.set(name, '')
  const text = `export type @NAME = ${literalType(crd, path, schema, 0, shapes)}`
  if (known !== undefined && known !== text) throw new Error(`${crd.kind}:${path}: another ${name} has other fields`)
  shapes.set(name, text)
  return name
}

function literalType(crd: Crd, path: string, schema: Schema, depth: number, shapes: Map<string, string>): string {
  switch (schema.type) {
    case 'string':
      return schema.enum ? schema.enum.map((value) => `'${value}'`).join(' | ') : 'string'
    case 'integer':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'array': {
      const item = typeOf(crd, `${path}[]`, schema.items ?? {}, depth, shapes)
      return /[|{]/.test(item) ? `(${item})[]` : `${item}[]`
    }
    case 'object':
      if (schema.additionalProperties)
        return `Record<string, ${typeOf(crd, `${path}{}`, schema.additionalProperties, depth, shapes)}>`
      return objectType(crd, path, schema, depth, shapes)
    default:
      throw new Error(`${crd.kind}:${path} has no type`)
  }
}

function objectType(crd: Crd, path: string, schema: Schema, depth: number, shapes: Map<string, string>): string {
  const indent = '  '.repeat(depth + 1)
  const fields = Object.entries(schema.properties ?? {}).map(([name, child]) => {
    const mark = schema.required?.includes(name) ? '' : '?'
    return `${comment(child, indent)}${indent}${name}${mark}: ${typeOf(crd, `${path}.${name}`, child, depth + 1, shapes)}\n`
  })
  return `{\n${fields.join('')}${'  '.repeat(depth)}}`
}

function comment(schema: Schema, indent: string): string {
  const isScalar = schema.default !== undefined && typeof schema.default !== 'object'
  const text = [schema.description, isScalar ? `Default: ${schema.default}.` : undefined].filter(Boolean).join(' ')
  if (!text) return ''
  if (text.length + indent.length < 110) return `${indent}/** ${text} */\n`
  const lines = text.match(/.{1,108}(?:\s|$)/g) ?? []
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line.trim()}\n`).join('')}${indent} */\n`
}
