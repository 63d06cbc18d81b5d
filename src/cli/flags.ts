import { type Refusal, refuse } from '../api/verdict.ts'

/** One setting of `carillon run`. The environment name is CARILLON_ and the flag in capitals: --data-dir is CARILLON_DATA_DIR. */
export type Flag = {
  name: string
  /** What stands for the value in the help text; a list may be given several times, in the environment with commas. */
  value: string
  list?: true
  default?: string
  help: string
}

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
  {
    name: 'admin-namespace',
    value: 'NAME',
    list: true,
    help: 'namespace whose subscriptions may watch other namespaces',
  },
  {
    name: 'tenant-kind',
    value: 'KIND.GROUP',
    list: true,
    help: 'kind, besides those of Tekton, Konflux and Flux, that subscriptions outside admin namespaces may be of, such as Certificate.cert-manager.io; Pod.core for the core group',
  },
  { name: 'watch-namespace', value: 'NAME', list: true, help: 'watch only these namespaces; default: all' },
  {
    name: 'allow-cidr',
    value: 'CIDR',
    list: true,
    help: 'addresses that sinks may have though they are loopback, link-local or private',
  },
  {
    name: 'cluster-uri',
    value: 'URI',
    help: "first part of every event's source; default: /clusters/<uid of kube-system>",
  },
  {
    name: 'dashboard-url',
    value: 'TEMPLATE',
    help: "link to an object in events, e.g. https://ui.example.com/{{namespace}}/{{plural}}/{{name}}; default: the object's API URL",
  },
  {
    name: 'schema-base-url',
    value: 'URL',
    help: "where the JSON Schemas of Carillon's own format are served: gives its events the attribute dataschema; default: none",
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
    name: 'max-pending-per-namespace',
    value: 'NUMBER',
    default: '200000',
    help: 'deliveries that may wait for all subscriptions of a namespace',
  },
  {
    name: 'max-pending-bytes-per-namespace',
    value: 'QUANTITY',
    default: '1Gi',
    help: 'bytes of events that may wait for all subscriptions of a namespace, such as 512Mi',
  },
  {
    name: 'tekton-config-namespace',
    value: 'NAME',
    help: "Tekton's namespace: subscriptions with tektonv1 are warned while its ConfigMaps name a sink; default: not looked at",
  },
  {
    name: 'archive-url',
    value: 'URL',
    help: 'an archive that answers lists as the API server does (KubeArchive), where what came and went while the operator was away is looked for; default: none',
  },
  {
    name: 'archive-token-file',
    value: 'FILE',
    default: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    help: 'the bearer token for the archive',
  },
  { name: 'archive-ca-file', value: 'FILE', help: "the archive's CA, PEM; default: what the machine trusts" },
  {
    name: 'archive-after',
    value: 'DURATION',
    default: '5m',
    help: 'how long the operator may be away before the archive is asked: no longer than finished objects live',
  },
  {
    name: 'archive-reach',
    value: 'DURATION',
    default: '6h',
    help: 'how long before that an object may have been created: as long as runs may last',
  },
  { name: 'log-level', value: 'LEVEL', default: 'info', help: 'debug, info, warn or error' },
] as const satisfies readonly Flag[]

export type FlagName = (typeof runFlags)[number]['name']

export const environmentName = (flag: string): string => `CARILLON_${flag.toUpperCase().replaceAll('-', '_')}`

/** What `parseArgs` of node:util has found wrong, in a line of ours. */
export function wrongUse(message: string, command: string): Refusal {
  const [what = ''] = message.split('. T') // "To specify …", "This command …": what it advises is not so here
  return refuse('FlagInvalid', `${what.charAt(0).toLowerCase()}${what.slice(1)}; see 'carillon ${command} --help'`)
}

/** The text of `carillon --help`. */
export const overview = `Carillon turns what happens in a cluster into CloudEvents and delivers them, surely, to the sinks that teams declare.

Usage:
  carillon run [flags]                        run the operator
  carillon deadletters list | show | retry    look at deliveries that were given up, and send them again
  carillon replay [flags]                     send again what can still be had of a subscription's past
  carillon purge [flags]                      drop what waits for a sink or of a subscription
  carillon events list | show | schema        what there is to tell: every kind and milestone, its events, their schemas
  carillon import tekton-config [flags]       make an EventSink and EventSubscription of Tekton's own settings
  carillon explain [flags]                    tell without a cluster what a subscription makes of an object
  carillon version                            print the version
  carillon help                               print this text

deadletters, replay and purge speak to the operator that runs on the same data directory; in a cluster:
  kubectl exec -n carillon-system carillon-0 -- carillon deadletters list

Run 'carillon run --help' and so on for the flags.
`

/** The text of `carillon run --help`. */
export function runHelp(): string {
  const rows = runFlags.map((flag: Flag) => {
    const name = `  --${flag.name} ${flag.value}`
    const left = name.length < 30 ? name.padEnd(30) : `${name}\n${' '.repeat(30)}`
    const notes = [flag.help, flag.default && `default: ${flag.default}`, flag.list && 'repeatable'].filter(Boolean)
    return wrap(left, notes.join('; '))
  })
  return `Run the operator: watch what subscriptions ask for, deliver events to sinks, report in their status.

Usage:
  carillon run [flags]

Flags:
${rows.join('\n')}
  --help                      print this text

Each flag can also be given in the environment: --data-dir is CARILLON_DATA_DIR, lists with commas.
Settings are taken from the flag, else the environment, else ConfigMap carillon-config, else the default.

Example:
  carillon run --data-dir ./data --allow-cidr 127.0.0.0/8 --listen 127.0.0.1:8080
`
}

const width = 110

/** `text` behind `left`, its further lines under its first. */
export function wrap(left: string, text: string): string {
  const lines = left.split('\n')
  let line = lines.pop() ?? ''
  const indent = line.length
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > width) {
      lines.push(line)
      line = ' '.repeat(indent - 1)
    }
    line += line.endsWith(' ') && line.length === indent ? word : ` ${word}`
  }
  return [...lines, line].join('\n')
}
