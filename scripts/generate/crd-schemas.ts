import { readCrds, type Schema } from './crd.ts'

/** The schemas of the CRDs' specs without their descriptions, for what checks CRs without a cluster. */
export async function generate(): Promise<Map<string, string>> {
  const crds = await readCrds()
  const specs = crds.map(({ kind, schema }) => [kind, bare(schema.properties?.spec ?? {})])
  return new Map([['src/api/generated-schemas.json', `${JSON.stringify(Object.fromEntries(specs), undefined, 1)}\n`]])
}

function bare({ description: _, properties, items, additionalProperties, ...rest }: Schema): Schema {
  return {
    ...rest,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, bare(child)])),
    }),
    ...(items && { items: bare(items) }),
    ...(additionalProperties && { additionalProperties: bare(additionalProperties) }),
  }
}
