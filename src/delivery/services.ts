import type { ServiceRef } from '../api/sink-url.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { KubeError } from '../kube/errors.ts'
import { type Service, type ServiceTarget, targetOf } from './service.ts'
import {
  type Candidates,
  type Endpoint,
  type EndpointSlice,
  endpointsOf,
  mostEndpoints,
  noCandidates,
  type Pod,
  withSlices,
} from './service-endpoints.ts'
import { shuffled } from './shuffle.ts'
import { takeTurns } from './turns.ts'

/** What is read of the API server. Each throws a KubeError. */
export type ServiceReads = {
  /** Undefined where there is none. */
  service(namespace: string, name: string): Promise<Service | undefined>
  /** Its slices, some at a time, for as long as more are asked for. */
  slices(namespace: string, name: string): AsyncIterable<EndpointSlice[]>
  pod(namespace: string, name: string): Promise<Pod | undefined>
}

/** The Services that sinks name. */
export type Services = {
  /** Whether a sink may name it, by the Service alone: ServiceNotFound, ServiceNotAllowed, ServiceUnreadable. */
  check(ref: ServiceRef): Promise<Verdict<unknown>>
  /** Where connections may go, at least one: the same reasons, and ServiceNotReady. `fresh` where what was known led nowhere. */
  endpoints(ref: ServiceRef, fresh: boolean): Promise<Verdict<readonly Endpoint[]>>
}

/** A Pod that came, or one that is gone, is known after at most this long. */
const maxAgeMs = 10_000
/** What was refused is looked at again sooner: Pods become ready. Nor is anything read more often. */
const refusedAgeMs = 2_000
const leastAgeMs = 1_000

/** Services that are read at the same time: what slices hold that somebody wrote by hand is not to fill the memory. */
const readAtOnce = 4

/** Of a Service with many Pods so many are looked at, in as many goes as it takes to find one that is good, within reason. */
const podsAtOnce = 4
const mostPods = 32

/** `found`: what came of it, at `at` (ms); undefined while it is being read. */
type Entry = {
  reading: Promise<Verdict<readonly Endpoint[]>>
  found?: { at: number; isRefused: boolean }
}

/** Reads Services when somebody connects to them, each at most once at a time, and remembers what it found for 10 s. `now` in ms. */
export function openServices(reads: ServiceReads, now: () => number, random: () => number): Services {
  const known = new Map<string, Entry>()
  const inTurn = takeTurns(readAtOnce)
  const read = (key: string, ref: ServiceRef): Entry => {
    const reading = inTurn(() => readEndpoints(reads, ref, random))
    const entry: Entry = { reading }
    known.set(key, entry)
    reading.then(
      ({ ok }) => {
        entry.found = { at: now(), isRefused: !ok }
      },
      () => known.delete(key),
    )
    return entry
  }
  return {
    check: (ref) => readTarget(reads, ref),
    endpoints(ref, fresh) {
      const time = now()
      for (const [key, entry] of known) if (isOlder(entry, maxAgeMs, time)) known.delete(key)
      const key = `${ref.namespace}/${ref.name} ${ref.port ?? ''} ${ref.scheme}`
      const remembered = known.get(key)
      const isGood = remembered && !(fresh && isOlder(remembered, leastAgeMs, time))
      return (isGood ? remembered : read(key, ref)).reading
    },
  }
}

function isOlder({ found }: Entry, ageMs: number, time: number): boolean {
  if (!found) return false
  const age = time - found.at
  return age < 0 || age >= (found.isRefused ? Math.min(refusedAgeMs, ageMs) : ageMs)
}

async function readTarget({ service }: ServiceReads, ref: ServiceRef): Promise<Verdict<ServiceTarget>> {
  const { namespace, name } = ref
  const found = await attempt('get Services', ref, () => service(namespace, name))
  return found.ok ? targetOf(found.value, ref) : found
}

async function readEndpoints(reads: ServiceReads, ref: ServiceRef, random: () => number): Promise<Verdict<Endpoint[]>> {
  const { namespace, name } = ref
  const target = await readTarget(reads, ref)
  if (!target.ok) return target
  const found = await attempt('list EndpointSlices', ref, () =>
    readCandidates(reads.slices(namespace, name), namespace),
  )
  if (!found.ok) return found
  const candidates = found.value
  const names = shuffled(namesOf(candidates), random).slice(0, mostPods)
  const pods = new Map<string, Pod | undefined>()
  for (let at = 0; ; at += podsAtOnce) {
    const read = await Promise.all(names.slice(at, at + podsAtOnce).map((pod) => readPod(reads, ref, pod)))
    for (const one of read) {
      if (!one.ok) return one
      pods.set(one.value.name, one.value.pod)
    }
    const endpoints = endpointsOf({ ref, target: target.value, candidates, pods })
    if (endpoints.ok || at + podsAtOnce >= names.length) return endpoints
  }
}

async function readCandidates(pages: AsyncIterable<EndpointSlice[]>, namespace: string): Promise<Candidates> {
  let candidates = noCandidates
  for await (const slices of pages) {
    candidates = withSlices(candidates, slices, namespace)
    if (candidates.seen >= mostEndpoints) break
  }
  return candidates
}

async function readPod(
  { pod }: ServiceReads,
  ref: ServiceRef,
  name: string,
): Promise<Verdict<{ name: string; pod: Pod | undefined }>> {
  const read = await attempt('get Pods', ref, () => pod(ref.namespace, name))
  return read.ok ? accept({ name, pod: read.value }) : read
}

const namesOf = ({ named }: Candidates): string[] => [...new Set(named.values().map(({ pod }) => pod))]

async function attempt<T>(right: string, { namespace, name }: ServiceRef, read: () => Promise<T>): Promise<Verdict<T>> {
  try {
    return accept(await read())
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    if (error.status === 403)
      return refuse(
        'ServiceUnreadable',
        `The operator may not ${right} of namespace ${namespace}; an admin allows it with rbac.serviceRefs of the chart.`,
      )
    const status = error.status === undefined ? '' : ` (HTTP ${error.status})`
    return refuse(
      'ServiceUnreadable',
      `Service ${name} of namespace ${namespace} could not be read from the API server${status}; it is tried again.`,
    )
  }
}
