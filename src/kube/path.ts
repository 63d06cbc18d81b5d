/** A served resource; `group` is '' for core. */
export type Resource = { group: string; version: string; plural: string }

/** One that was found, and whether its objects live in namespaces. */
export type Located = Resource & { namespaced: boolean }

export const apiVersionOf = (resource: { group: string; version: string }): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`

/** The path of a collection, an object or a subresource: `/apis/tekton.dev/v1/namespaces/a/taskruns/b/status`. */
export function pathOf(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `${root}/${resource.version}${scope}/${resource.plural}${object}${subresource === undefined ? '' : `/${subresource}`}`
}
