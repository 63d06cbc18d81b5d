import type { EventSubscription } from '../api/generated.ts'
import { fields, text } from '../sources/read.ts'
import type { Emitter } from './emitter.ts'

/** A key of a ConfigMap of Tekton's that makes it send CloudEvents by itself. */
export type TektonSinkKey = { map: 'config-events' | 'config-defaults'; key: string }

/** Where Tekton sends CloudEvents by itself. */
export type TektonSink = {
  /** The namespace of the ConfigMaps. */
  namespace: string
  /** What is set. Tekton takes the first: the second, deprecated, counts where the first is empty. */
  keys: readonly TektonSinkKey[]
  /** As it is set: may hold credentials. Never to be told. */
  address: string
}

const known: readonly TektonSinkKey[] = [
  { map: 'config-events', key: 'sink' },
  { map: 'config-defaults', key: 'default-cloud-events-sink' },
]

/** ConfigMaps that have to be read for `tektonSinkOf`. */
export const tektonSinkMaps = known.map(({ map }) => map)

/**
 * Tekton's own sink, of the `data` of its ConfigMaps; undefined where none is set, and it sends nothing (as of v1.12,
 * pkg/reconciler/events/cloudevent/cloud_event_controller.go).
 */
export function tektonSinkOf(namespace: string, dataOf: (map: string) => unknown): TektonSink | undefined {
  const set = known.flatMap((one) => {
    const address = text(fields(dataOf(one.map))[one.key])
    return address === undefined ? [] : [{ ...one, address }]
  })
  const [first] = set
  return first && { namespace, keys: set.map(({ map, key }) => ({ map, key })), address: first.address }
}

/** The command that unsets a key. */
export const unsetCommand = (namespace: string, { map, key }: TektonSinkKey): string =>
  `kubectl -n ${namespace} patch configmap ${map} --type merge -p '{"data":{"${key}":""}}'`

/** Whether a subscription sends what Tekton itself sends; a body of its own is no such event. */
export const sendsAsTekton = (emitter: Emitter | undefined, { spec }: EventSubscription): boolean =>
  emitter !== undefined &&
  spec.suspend !== true &&
  spec.body === undefined &&
  emitter.formats.some(({ format }) => format.name === 'tektonv1')

/** What the condition DuplicateSender says. `sinks`: the subscription's, with their addresses; none of these is told. */
export function duplicateSender(
  { namespace, keys, address }: TektonSink,
  sinks: readonly { key: string; url: string }[],
): { reason: 'TektonSinkSet'; message: string } {
  const same = sinks.filter(({ url }) => placeOf(url) !== undefined && placeOf(url) === placeOf(address))
  const set = keys.map(({ map, key }) => `${key} of ConfigMap ${map}`).join(' and ')
  const where =
    same.length > 0
      ? `to the address of EventSink ${same.map(({ key }) => key).join(', ')}: every event comes there twice, under different ids`
      : "to an address that is none of this subscription's sinks: who takes both gets every event twice, under different ids"
  const commands = keys.map((key) => unsetCommand(namespace, key)).join(' && ')
  const message = `Tekton sends its own events too, ${where}. ${set} in namespace ${namespace} says so; to end it: ${commands}`
  return { reason: 'TektonSinkSet', message }
}

/** Scheme, host, port and path: what makes two URLs the same receiver. */
function placeOf(address: string): string | undefined {
  const url = URL.parse(address)
  return url ? `${url.protocol}//${url.host}${url.pathname}` : undefined
}
