import { isIP } from 'node:net'
import { compileEgress } from '../../delivery/egress.ts'
import { type TektonSinkKey, unsetCommand } from '../../operator/tekton-sink.ts'
import type { Into } from './translate.ts'

/** A sentence or two for people. `todo`: without it nothing is delivered, or everything twice. */
export type Difference = { todo: boolean; text: string }

/** What differences follow from. */
export type Facts = {
  into: Into
  url: URL
  /** The address held a user name and password. */
  credentials: boolean
  /** Where a sink is named. */
  keys: readonly TektonSinkKey[]
  formats: string
  isClassic: boolean
  version: string | undefined
  sendsCustomRuns: boolean
  /** Whether feature-flags was given. */
  knowsFlags: boolean
}

/** What an operator of Tekton has to do, and has to know: never with more of the address than its host. */
export function differences(facts: Facts): Difference[] {
  const told = [
    ...todos(facts).map((text) => ({ todo: true, text })),
    ...notes(facts).map((text) => ({ todo: false, text })),
  ]
  return told.filter((one): one is Difference => one.text !== undefined)
}

function todos({ into, url, credentials, keys }: Facts): (string | undefined)[] {
  const { namespace, name, tektonNamespace } = into
  const unset = keys.map((key) => unsetCommand(tektonNamespace, key))
  return [
    `Namespace ${namespace} has to be one of the operator's admin namespaces (chart value config.adminNamespaces, or --admin-namespace): only there may a subscription watch other namespaces.`,
    isPrivate(url)
      ? `${url.hostname} is in the cluster or private, and such addresses are refused unless the administrator allows their range (chart value config.egress.allowCidrs, or --allow-cidr), such as the cluster's range for Services.`
      : undefined,
    credentials
      ? `The address held a user name and password, which an EventSink takes from a Secret only: kubectl -n ${namespace} create secret generic ${name}-basic --from-literal=username=… --from-literal=password=… && kubectl -n ${namespace} label secret ${name}-basic carillon.dev/credential=true`
      : undefined,
    `While Tekton's own sink is set every event comes twice, with different ids. Once the subscription is Ready, unset it: ${unset.join(' && ')}`,
  ]
}

function notes(facts: Facts): (string | undefined)[] {
  const { keys, formats, isClassic, version, sendsCustomRuns, knowsFlags, url } = facts
  const others = formats.split(',').filter((format) => format !== 'tektonv1')
  return [
    keys.length > 1
      ? 'sink of config-events and default-cloud-events-sink of config-defaults are both set; Tekton takes the first, and so does this.'
      : undefined,
    others.length > 0
      ? 'formats of config-events holds something else than tektonv1, which Tekton v1.12 refuses; what is imported is tektonv1. Carillon also has cdevents, tektonv2 and cloudevents: add them to formats.'
      : undefined,
    isClassic
      ? `Tekton ${version} is older than v1.12: as there, running is sent at each change of the condition (tekton.mode: eachChange), and queued is left out.`
      : 'As in Tekton v1.12, running is sent once for each attempt (tekton.mode: once); eachChange is how older ones send it.',
    version === undefined
      ? "Tekton's version is not known (ConfigMap pipelines-info was not given): v1.12 or newer is taken."
      : undefined,
    sendsCustomRuns
      ? undefined
      : 'send-cloudevents-for-runs is false: CustomRuns are left out, as Tekton does. Add {kind: CustomRun} to events to have them.',
    sendsCustomRuns
      ? 'Of a CustomRun, started is sent once its controller has taken it up, and running where the condition has that reason; Tekton sends started as soon as the CustomRun is there, and running for every Unknown condition.'
      : undefined,
    knowsFlags
      ? undefined
      : `ConfigMap feature-flags was not given: send-cloudevents-for-runs is taken as ${sendsCustomRuns}, Tekton's default.`,
    isPrivate(url)
      ? undefined
      : `Where ${url.hostname} resolves to a private address, its range has to be allowed (config.egress.allowCidrs).`,
    url.search === ''
      ? undefined
      : 'The address has a query, which whoever may read the EventSink sees. Where that is a secret, use http.auth or a header from a Secret.',
    'source is classic, /apis///namespaces/<namespace>//<name>, which is what Tekton sends, so that receivers which take it apart go on working. canonical is the path in the API.',
    isClassic
      ? undefined
      : 'started is sent of every run that began; Tekton v1.12 sends it only where it happens to see the condition with reason Started, which is next to never.',
    'ids are computed from the run: the same at every attempt and after a restart. Tekton makes them at random, and sends again under new ones after a restart.',
    'time is when the milestone happened, not when it was sent. The extensions sequence and namespace come besides.',
    'data is the same v1beta1 object, without metadata.managedFields, the annotation kubectl.kubernetes.io/last-applied-configuration and annotations that name credentials.',
    'A delivery is tried again for 72h (retry.maxAge) on network failures, 408, 425, 429 and 5xx; Tekton tries 404, 413, 425, 429, 502, 503, 504 and network failures for 20 s, then the event is lost. 401, 403 and 404 make the sink rest until it answers again.',
    'Redirects are not followed. Events of one run come in order. Runs that are past their milestones when the subscription begins are not sent (startFrom: Now).',
  ]
}

/** As far as that can be said without resolving the name: an address that is not global, a name that only the cluster's DNS knows. */
function isPrivate(url: URL): boolean {
  const host = url.hostname
  if (!host.includes('.') && isIP(host.replace(/^\[|\]$/g, '')) === 0) return true
  if (/\.(svc|local|internal|localhost)$|\.svc\.[^/]*$/.test(host)) return true
  const egress = compileEgress({ allowCidrs: [] })
  return egress.ok && !egress.value.check(url.href).ok
}
