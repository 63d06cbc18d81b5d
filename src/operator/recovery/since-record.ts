import { kubeTime } from '../../api/time.ts'
import { isPending, pendingOf, settledOf, suspendedSince } from '../activation.ts'

/** Where the record of a subscription stands: one of sixteen ConfigMaps, so that thousands of subscriptions stay below its 1 MiB. */
export const shardOf = (subscriptionUid: string): string => {
  const digit = subscriptionUid.charAt(0).toLowerCase()
  return /^[0-9a-f]$/.test(digit) ? digit : '0'
}

export const shards: readonly string[] = [...'0123456789abcdef']

/** Installs of other classes may share the namespace. */
export const configMapName = (shard: string, className: string | undefined): string =>
  className === undefined ? `carillon-since-${shard}` : `carillon-since-${className}-${shard}`

/** sink → time → `<kind> <milestone> <milestone> …`, one string a kind. */
type Told = Record<string, Record<string, string[]>>

/**
 * A ConfigMap's `data` for each of the shards: under each subscription's uid the activations that stand, all of them, grouped by sink and time.
 * `activations` is `<subscription uid> <sink> <kind> <milestone>` → since, as the outbox keeps it.
 */
export function encodeSince(
  activations: Iterable<readonly [key: string, since: number]>,
  wanted: ReadonlySet<string>,
): Map<string, Record<string, string>> {
  const grouped = new Map<string, Map<string, Map<string, string>>>()
  for (const [key, since] of activations) {
    const [uid = '', sink = '', kind = '', milestone = ''] = key.split(' ')
    if (!wanted.has(shardOf(uid))) continue
    const time = `${sink} ${timeText(since)}`
    const kinds = entry(
      entry(grouped, uid, () => new Map()),
      time,
      () => new Map<string, string>(),
    )
    kinds.set(kind, `${kinds.get(kind) ?? kind} ${milestone}`)
  }
  const data = new Map<string, Record<string, string>>([...wanted].map((shard) => [shard, {}]))
  for (const [uid, times] of grouped) {
    const told: Told = {}
    for (const [key, kinds] of times) {
      const [sink = '', time = ''] = key.split(' ')
      told[sink] = { ...told[sink], [time]: [...kinds.values()] }
    }
    const shard = data.get(shardOf(uid))
    if (shard) shard[uid] = JSON.stringify(told)
  }
  return data
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key) ?? make()
  map.set(key, known)
  return known
}

/** The activations that a ConfigMap's entry tells, or undefined where it is not as we write it. */
export function decodeSince(uid: string, text: string): Map<string, number> | undefined {
  const activations = new Map<string, number>()
  try {
    for (const [sink, times] of Object.entries(JSON.parse(text) as Told)) {
      for (const [time, kinds] of Object.entries(times)) {
        const since = readTime(time)
        if (since === undefined || !Array.isArray(kinds)) return undefined
        for (const words of kinds) {
          const [kind = '', ...milestones] = words.split(' ')
          for (const milestone of milestones) activations.set(`${uid} ${sink} ${kind} ${milestone}`, since)
        }
      }
    }
    return activations
  } catch {
    return undefined // edited by somebody: who reads it says so
  }
}

/** `~` before a time: the past has not been looked through from there. */
function timeText(since: number): string {
  if (isPending(since)) return `~${timeText(settledOf(since))}`
  if (since === suspendedSince) return 'suspended'
  return since % 1000 === 0 ? kubeTime(since) : new Date(since).toISOString()
}

function readTime(text: string): number | undefined {
  if (text === 'suspended') return suspendedSince
  const since = Date.parse(text.replace(/^~/, ''))
  if (Number.isNaN(since)) return undefined
  return text.startsWith('~') ? pendingOf(since) : since
}
