import type { Manifest } from '../controlplane/admin.ts'

/** Kinds of any content, which their objects keep, and the operator's right to read them. */
export function kindsOfAnyContent(group: string, kinds: readonly string[]): Manifest[] {
  const definition = (kind: string) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${pluralOf(kind)}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural: pluralOf(kind), singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  })
  return [...kinds.map(definition), ...readingRights(group, kinds.map(pluralOf))]
}

export const pluralOf = (kind: string): string => `${kind.toLowerCase()}s`

/** The operator may read resources of a group. */
export function readingRights(group: string, resources: readonly string[]): Manifest[] {
  const metadata = { name: `carillon-${group}` }
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata,
      rules: [{ apiGroups: [group], resources, verbs: ['get', 'list', 'watch'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: 'carillon', namespace: 'carillon-system' }],
    },
  ]
}
