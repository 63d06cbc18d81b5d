import type { CommandFlag } from '../command-text.ts'

const file = (name: string, help: string): CommandFlag => ({ name, value: 'FILE', list: true, help })

export const explainFlags: readonly CommandFlag[] = [
  file('subscription', 'EventSubscriptions, - for stdin'),
  file('object', 'objects, as the API server has them; a Namespace tells its labels'),
  file('sink', 'EventSinks: their modes, limits and headers; default: those of a sink that says nothing'),
  file('previous', 'objects as they were seen before, for what only shows between two states'),
  { name: 'deleted', help: 'the objects are gone, and what was given is their last state' },
  {
    name: 'admin-namespace',
    value: 'NAME',
    list: true,
    help: 'as the operator was told: here namespaceSelector is allowed',
  },
  {
    name: 'tenant-kind',
    value: 'KIND.GROUP',
    list: true,
    help: 'as the operator was told: a kind that subscriptions outside admin namespaces may be of',
  },
  {
    name: 'namespace-labels',
    value: 'LABELS',
    help: "labels of the objects' namespaces, such as team=a,tier=prod, for namespaceSelector",
  },
  { name: 'namespace', value: 'NAME', default: 'default', help: 'the namespace of what names none' },
  { name: 'cluster-uri', value: 'URI', help: "as the operator was told: first part of every event's source" },
  { name: 'dashboard-url', value: 'TEMPLATE', help: 'as the operator was told: link to an object in events' },
  { name: 'schema-base-url', value: 'URL', help: "as the operator was told: where events' schemas are served" },
  { name: 'output', short: 'o', value: 'FORM', help: 'json or yaml; default: a text for people' },
  { name: 'json', help: 'the same as --output json' },
]

/** What `--output` may be; text without it. */
export type Output = 'text' | 'json' | 'yaml'
