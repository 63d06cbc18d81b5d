import { bodyOf, owedSinks, owedTo, readBody, withoutSubscription } from '../../../src/outbox/body.ts'
import type { ObjectRecord, Remembered } from '../../../src/outbox/outbox.ts'

/** A record as it stands in the file. */
export type KeptRecord = Omit<ObjectRecord, 'projection' | 'seen' | 'ledger' | 'owed' | 'remains' | 'chain'> & {
  body: string
}

export type KeptObjects = Map<string, KeptRecord>

export type Owing = { sink: string; source: string; namespace: string; objects: number }

export function keptRecord({ projection, seen, ledger, owed, remains, chain, ...rest }: ObjectRecord): KeptRecord {
  const more = { ...(owed && { owed }), ...(remains && { remains }), ...(chain !== undefined && { chain }) }
  return { ...rest, body: bodyOf({ projection, seen, ledger, ...more }) }
}

export function recordsOf(objects: KeptObjects, uids: readonly string[]): Map<string, ObjectRecord> {
  const found = uids.map((uid) => objects.get(uid)).filter((record) => record !== undefined)
  return new Map(found.map(({ body, ...rest }) => [rest.uid, { ...rest, ...readBody(body) }]))
}

export function knownOf(objects: KeptObjects, of: string, namespace: string | undefined): Set<string> {
  const isMeant = (record: KeptRecord) => record.source === of && record.namespace === (namespace ?? record.namespace)
  return new Set([...objects.values()].filter(isMeant).map(({ uid }) => uid))
}

export type KeptRemembered = Remembered & { gone: number }

export function namedIn(
  objects: KeptObjects,
  remembered: readonly KeptRemembered[],
  of: Pick<Remembered, 'source' | 'namespace' | 'name'>,
  now: number,
): Pick<Remembered, 'uid' | 'chain' | 'keys'> | undefined {
  const isMeant = (one: Pick<Remembered, 'source' | 'namespace' | 'name'>) =>
    one.source === of.source && one.namespace === of.namespace && one.name === of.name
  const present = [...objects.values()].find(isMeant)
  if (present) {
    const { chain, seen } = readBody(present.body)
    return { uid: present.uid, chain, keys: seen }
  }
  const found = remembered
    .filter((one) => isMeant(one) && now - one.gone <= 30 * 86_400_000)
    .reduce<KeptRemembered | undefined>((last, one) => (last && last.gone > one.gone ? last : one), undefined)
  return found && { uid: found.uid, chain: found.chain, keys: found.keys }
}

/** Gives the sinks of milestones that were owed, each as often as there were. */
export function forgetIn(objects: KeptObjects, subscriptionUid: string): string[] {
  const sinks: string[] = []
  for (const record of objects.values()) {
    const body = readBody(record.body)
    for (const [sink, milestones] of owedTo(body.owed, subscriptionUid))
      for (let n = 0; n < milestones; n += 1) sinks.push(sink)
    record.body = bodyOf(withoutSubscription(body, subscriptionUid))
  }
  return sinks
}

export function owingOf(objects: KeptObjects): Owing[] {
  const owing = new Map<string, Owing>()
  for (const { source, namespace, body } of objects.values()) {
    for (const sink of owedSinks(readBody(body).owed)) {
      const key = `${sink} ${source} ${namespace}`
      const entry = owing.get(key) ?? { sink, source, namespace, objects: 0 }
      entry.objects += 1
      owing.set(key, entry)
    }
  }
  return [...owing.values()]
}
