/** The parts of `metadata` that Carillon reads. Times are RFC 3339 strings, as the API server writes them. */
export type ObjectMeta = {
  name: string
  namespace?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[]
  managedFields?: { manager?: string; operation?: string; time?: string; subresource?: string; fieldsV1?: unknown }[]
}

/** Any Kubernetes object, decoded once. What stands in `spec` and `status` is unknown input and is read with care. */
export type KubeObject = {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec?: Record<string, unknown>
  status?: Record<string, unknown>
} & Record<string, unknown>

/** `namespace/name`: how sinks and subscriptions are spoken of everywhere. */
export const keyOf = (object: { metadata: { namespace?: string; name: string } }): string =>
  `${object.metadata.namespace ?? ''}/${object.metadata.name}`
