import type { Flag } from './flag.ts'
import { policyFlags } from './policy-flags.ts'
import { webhookFlags } from './webhook-flags.ts'

/** All that `carillon run` is told: the one table of flags, and of the keys of config.yaml. */
export const runFlags = [
  {
    name: 'kubeconfig',
    value: 'FILE',
    help: 'which cluster to talk to; default: KUBECONFIG, ~/.kube/config, or the pod itself',
  },
  {
    name: 'namespace',
    value: 'NAME',
    help: "the operator's own namespace, where ConfigMap carillon-config is read; default: the pod's, else carillon-system",
  },
  {
    name: 'data-dir',
    value: 'DIR',
    default: '/var/lib/carillon',
    help: 'where the outbox is kept; put it on a volume',
  },
  ...policyFlags,
  {
    name: 'source',
    value: 'FAMILY',
    list: true,
    help: 'read only kinds of these: tekton, konflux, flux; default: all three',
    key: 'sources',
    fixed: true,
  },
  {
    name: 'watch-namespace',
    value: 'NAME',
    list: true,
    help: 'watch only these namespaces; default: all',
    key: 'watchNamespaces',
    fixed: true,
  },
  {
    name: 'cluster-uri',
    value: 'URI',
    help: "first part of every event's source; default: /clusters/<uid of kube-system>",
    key: 'clusterUri',
    fixed: true,
  },
  {
    name: 'dashboard-url',
    value: 'TEMPLATE',
    help: "link to an object in events, e.g. https://ui.example.com/{{namespace}}/{{plural}}/{{name}}; default: the object's API URL",
    key: 'dashboardUrl',
    fixed: true,
  },
  {
    name: 'schema-base-url',
    value: 'URL',
    help: "where the JSON Schemas of Carillon's own format are served: gives its events the attribute dataschema; default: none",
    key: 'schemaBaseUrl',
    fixed: true,
  },
  {
    name: 'class',
    value: 'NAME',
    help: 'serve only sinks and subscriptions labelled carillon.dev/class: NAME; default: those without the label',
  },
  {
    name: 'listen',
    value: 'ADDRESS',
    default: ':8080',
    help: 'where /healthz, /readyz and /metrics are served, host:port or :port',
  },
  {
    name: 'metrics-auth',
    value: 'BOOL',
    default: 'false',
    help: 'give /metrics only to bearer tokens of who may get that path; the API server is asked (TokenReview, SubjectAccessReview)',
  },
  {
    name: 'leader-elect',
    value: 'BOOL',
    default: 'true',
    help: 'keep a Lease in the own namespace, so that of several instances one works and the others wait',
  },
  {
    name: 'leader-elect-lease-duration',
    value: 'DURATION',
    default: '15s',
    help: 'how long others wait for an instance that is not heard of before one takes its place; from 5s',
  },
  {
    name: 'grace-period',
    value: 'DURATION',
    default: '20s',
    help: 'how long attempts under way may go on after SIGTERM; up to 10m',
  },
  {
    name: 'tekton-config-namespace',
    value: 'NAME',
    help: "Tekton's namespace: subscriptions with tektonv1 are warned while its ConfigMaps name a sink; default: not looked at",
    key: 'tekton.configNamespace',
    fixed: true,
  },
  {
    name: 'archive-url',
    value: 'URL',
    help: 'an archive that answers lists as the API server does (KubeArchive), where what came and went while the operator was away is looked for; default: none',
    key: 'archive.url',
    fixed: true,
  },
  {
    name: 'archive-token-file',
    value: 'FILE',
    default: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    help: 'the bearer token for the archive',
    key: 'archive.tokenFile',
    fixed: true,
  },
  {
    name: 'archive-ca-file',
    value: 'FILE',
    help: "the archive's CA, PEM; default: what the machine trusts",
    key: 'archive.caFile',
    fixed: true,
  },
  {
    name: 'archive-after',
    value: 'DURATION',
    default: '5m',
    help: 'how long the operator may be away before the archive is asked: no longer than finished objects live',
    key: 'archive.after',
    fixed: true,
  },
  {
    name: 'archive-reach',
    value: 'DURATION',
    default: '6h',
    help: 'how long before that an object may have been created: as long as runs may last',
    key: 'archive.reach',
    fixed: true,
  },
  ...webhookFlags,
  { name: 'log-level', value: 'LEVEL', default: 'info', help: 'debug, info, warn or error', key: 'logLevel' },
] as const satisfies readonly Flag[]

export type FlagName = (typeof runFlags)[number]['name']
