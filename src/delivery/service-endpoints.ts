import { isIP } from 'node:net'
import type { ServiceRef } from '../api/sink-url.ts'
import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'
import { notAllowed, type ServiceTarget } from './service.ts'

/** Where a connection goes. */
export type Endpoint = { address: string; port: number }

/** An EndpointSlice as the API gives it. Tenants may write them: nothing that they say is believed. */
export type EndpointSlice = { endpoints?: readonly SliceEndpoint[] | null | undefined }

type SliceEndpoint = {
  addresses?: readonly string[] | undefined
  /** Left out, it is ready. */
  conditions?: { ready?: boolean | null | undefined } | undefined
  targetRef?: TargetRef | undefined
}

type TargetRef = {
  kind?: string | undefined
  namespace?: string | undefined
  name?: string | undefined
  uid?: string | undefined
}

/** A Pod as the API gives it. Its status is written by its node, which is believed. */
export type Pod = {
  metadata: {
    namespace?: string | undefined
    uid?: string | undefined
    deletionTimestamp?: string | undefined
    labels?: Record<string, string> | undefined
  }
  spec?: {
    hostNetwork?: boolean | undefined
    containers?: readonly Container[] | undefined
    initContainers?: readonly Container[] | undefined
  }
  status?: {
    podIPs?: readonly { ip?: string | undefined }[] | undefined
    conditions?: readonly { type?: string | undefined; status?: string | undefined }[] | undefined
  }
}

type Container = {
  /** Of an init container, `Always` makes it one that stays. */
  restartPolicy?: string | undefined
  ports?:
    | readonly { name?: string | undefined; containerPort?: number | undefined; protocol?: string | undefined }[]
    | undefined
}

/** An address of a slice, and the Pod that is said to have it. */
export type Candidate = { address: string; pod: string; uid: string | undefined }

/** Why an endpoint is not connected to. */
type Fault = 'foreign' | 'unready' | 'absent' | 'unlike' | 'hostNetwork' | 'portless'

/**
 * What slices hold: by name and address those endpoints that name a Pod of the namespace, and how many others there are of which sort. `seen`:
 * how many were looked at.
 */
export type Candidates = {
  named: ReadonlyMap<string, Candidate>
  faults: ReadonlyMap<Fault, number>
  seen: number
}

export const noCandidates: Candidates = { named: new Map(), faults: new Map(), seen: 0 }

/** So many endpoints of a Service are looked at; others are as good as these. */
export const mostEndpoints = 1_000

/** What is no name would ask for something else than a Pod: the API server looks at no targetRef. */
const podName = /^[a-z0-9][-a-z0-9.]{0,252}$/
const longestUid = 128

/** The candidates, with those of more slices; of an endpoint the first address counts, as its API has it. Little is kept of what slices hold. */
export function withSlices(before: Candidates, slices: readonly EndpointSlice[], namespace: string): Candidates {
  const named = new Map(before.named)
  const faults = new Map(before.faults)
  const endpoints = slices.flatMap(({ endpoints }) => endpoints ?? []).slice(0, mostEndpoints - before.seen)
  for (const { addresses = [], conditions, targetRef } of endpoints) {
    const [address = ''] = addresses
    if (isIP(address) === 0) continue
    const { kind, namespace: of, name = '', uid } = targetRef ?? {}
    if (kind !== 'Pod' || of !== namespace || !podName.test(name) || (uid?.length ?? 0) > longestUid)
      count(faults, 'foreign')
    else if (conditions?.ready === false) count(faults, 'unready')
    else named.set(`${name} ${address}`, { address, pod: name, uid })
  }
  return { named, faults, seen: before.seen + endpoints.length }
}

/** What a choice of endpoints rests on. `pods`: those that were asked for, by name; undefined where there is none. */
export type EndpointFacts = {
  ref: ServiceRef
  target: ServiceTarget
  candidates: Candidates
  pods: ReadonlyMap<string, Pod | undefined>
}

/**
 * The endpoints of a Service that are ready Pods of its namespace. A slice may say what it likes: the address has to be the Pod's own, by the
 * status that its node wrote, the Pod one that the Service selects, and the port the one that follows from the Service for this Pod, whatever
 * port the slice names. Reasons: ServiceNotReady; ServiceNotAllowed where a Pod is on its node's network, as its address leads to the node.
 */
export function endpointsOf({ ref, target, candidates, pods }: EndpointFacts): Verdict<Endpoint[]> {
  const found: Endpoint[] = []
  const faults = new Map(candidates.faults)
  for (const candidate of candidates.named.values()) {
    if (!pods.has(candidate.pod)) continue
    const endpoint = judge(candidate, pods.get(candidate.pod), ref.namespace, target)
    if (typeof endpoint === 'string') count(faults, endpoint)
    else found.push(endpoint)
  }
  if (found.length > 0) return accept(inFamilies(found, target.families))
  return none(ref, faults)
}

function judge(
  { address, uid }: Candidate,
  pod: Pod | undefined,
  namespace: string,
  { selector, targetPort }: ServiceTarget,
): Endpoint | Fault {
  if (!pod || pod.metadata.namespace !== namespace || (uid !== undefined && pod.metadata.uid !== uid)) return 'absent'
  const { metadata, spec, status } = pod
  if (spec?.hostNetwork === true) return 'hostNetwork'
  if (!status?.podIPs?.some(({ ip }) => ip === address)) return 'unlike'
  const { labels = {} } = metadata
  if (Object.entries(selector).some(([key, value]) => !Object.hasOwn(labels, key) || labels[key] !== value))
    return 'unlike'
  const isReady = status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false
  if (!isReady || metadata.deletionTimestamp !== undefined) return 'unready'
  const port = typeof targetPort === 'number' ? targetPort : namedPort(pod, targetPort)
  return port === undefined ? 'portless' : { address, port }
}

/** As kube-proxy's controller finds it (k8s.io/kubernetes pkg/api/v1/pod FindPort): containers first, then init containers that stay. */
function namedPort({ spec }: Pod, name: string): number | undefined {
  const staying = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  for (const { ports = [] } of [...(spec?.containers ?? []), ...staying])
    for (const { name: given, containerPort, protocol = 'TCP' } of ports)
      if (given === name && protocol === 'TCP') return containerPort
  return undefined
}

/** Those of the Service's first family first. */
const inFamilies = (endpoints: readonly Endpoint[], families: readonly string[]): Endpoint[] => {
  const rank = ({ address }: Endpoint) => families.indexOf(`IPv${isIP(address)}`)
  return endpoints.toSorted((a, b) => rank(a) - rank(b))
}

const inWords: Readonly<Record<Fault, string>> = {
  foreign: 'name no Pod of this namespace',
  unready: 'are not ready',
  absent: 'are of Pods that are gone',
  unlike: 'name a Pod that has another address, or other labels',
  hostNetwork: "are on their node's network (hostNetwork)",
  portless: 'lack a container port of the name in targetPort',
}

function none(ref: ServiceRef, faults: ReadonlyMap<Fault, number>): Refusal {
  if (faults.has('hostNetwork'))
    return notAllowed(
      ref,
      "leads to Pods on their node's network (hostNetwork), whose address is the node's; take it from the Pods, or use http.url",
    )
  const told = [...faults].map(([fault, times]) => `${times} ${inWords[fault]}`).join(', ')
  const why = told === '' ? 'it has no endpoints' : `of its endpoints ${told}`
  return refuse('ServiceNotReady', `Service ${ref.name} of namespace ${ref.namespace} has no ready Pod: ${why}.`)
}

const count = (faults: Map<Fault, number>, fault: Fault): void => void faults.set(fault, (faults.get(fault) ?? 0) + 1)
