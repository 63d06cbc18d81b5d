import { type Arrival, type Declared, type Evidence, type Moment, momentKey, type Told } from './evidence.ts'

/** What is wrong, each as a line for people. All empty: every acknowledged write was told once, in order, and the statuses say so. */
export type Findings = {
  /** Deliveries due that no sink took. Those that a status counts as dead or dropped are still among them. */
  missing: string[]
  /** Requests for what the sink had already taken. */
  repeats: string[]
  /** Deliveries of one milestone under more than one id. */
  otherIds: string[]
  /** Requests for what nobody asked for, or what never happened. */
  phantoms: string[]
  /** First deliveries that came after one of a higher sequence, of the same subscription, sink and object. */
  inversions: string[]
  /** Statuses that differ from what the sinks have noted. */
  counters: string[]
  /** How many deliveries were due. */
  due: number
}

/** Everything that the suite asserts of deliveries: a pure function of what was acknowledged, what arrived, and what was said of it. */
export function check({ truth, declared, arrivals, told }: Evidence): Findings {
  const lanes = new Map<string, Arrival[]>()
  for (const arrival of arrivals) {
    const lane = `${arrival.subscription} ${arrival.sink}`
    const known = lanes.get(lane)
    if (known) known.push(arrival)
    else lanes.set(lane, [arrival])
  }
  const due = declared.flatMap((one) => one.sinks.flatMap((sink) => dueAt(one, sink, truth)))
  const taken = new Set(arrivals.filter((one) => one.taken).map((one) => deliveryKey(one.subscription, one.sink, one)))
  const perLane = [...lanes.values()].map(inLane)
  return {
    missing: due.filter(({ key }) => !taken.has(key)).map(({ words }) => words),
    repeats: perLane.flatMap((one) => one.repeats),
    otherIds: perLane.flatMap((one) => one.otherIds),
    inversions: perLane.flatMap((one) => one.inversions),
    phantoms: phantoms(truth, declared, arrivals),
    counters: told.flatMap((one) => miscounts(one, truth, declared, arrivals)),
    due: due.length,
  }
}

const deliveryKey = (subscription: string, sink: string, of: Pick<Moment, 'uid' | 'milestone'>): string =>
  `${subscription} ${sink} ${momentKey(of)}`

const wants = (one: Declared, of: Pick<Moment, 'namespace' | 'kind' | 'milestone'>): boolean =>
  one.namespaces.includes(of.namespace) && one.kinds.includes(of.kind) && one.milestones.includes(of.milestone)

const words = (of: Pick<Arrival, 'namespace' | 'name' | 'milestone' | 'kind'>, more: string): string =>
  `${of.kind} ${of.namespace}/${of.name} ${of.milestone} ${more}`

function dueAt(one: Declared, sink: string, truth: readonly Moment[]): { key: string; words: string }[] {
  return truth
    .filter((moment) => moment.certain && wants(one, moment))
    .map((moment) => ({
      key: deliveryKey(one.key, sink, moment),
      words: words(moment, `for ${one.key} at ${sink}, acknowledged at ${new Date(moment.at).toISOString()}`),
    }))
}

/** One subscription at one sink, in the order in which the sink noted it. */
function inLane(arrivals: readonly Arrival[]): Pick<Findings, 'repeats' | 'otherIds' | 'inversions'> {
  const found = { repeats: [] as string[], otherIds: [] as string[], inversions: [] as string[] }
  const taken = new Set<string>()
  const ids = new Map<string, string>()
  const highest = new Map<string, string>()
  for (const one of arrivals) {
    const told = words(one, `for ${one.subscription} at ${one.sink}, ${one.id} at ${new Date(one.at).toISOString()}`)
    const first = ids.get(momentKey(one))
    if (first === undefined) ids.set(momentKey(one), one.id)
    else if (first !== one.id) found.otherIds.push(`${told}, first told as ${first}`)
    if (taken.has(one.id)) {
      found.repeats.push(told)
      continue
    }
    if (!one.taken) continue
    taken.add(one.id)
    const before = highest.get(one.uid)
    if (before !== undefined && one.sequence < before) found.inversions.push(`${told}: ${one.sequence} after ${before}`)
    else highest.set(one.uid, one.sequence)
  }
  return found
}

function phantoms(truth: readonly Moment[], declared: readonly Declared[], arrivals: readonly Arrival[]): string[] {
  const known = new Set(truth.map(momentKey))
  const nameless = new Set(truth.filter((one) => one.uid === '').map(nameKey))
  const subscriptions = new Map(declared.map((one) => [one.key, one]))
  return arrivals.flatMap((one) => {
    const subscription = subscriptions.get(one.subscription)
    const asked = subscription?.sinks.includes(one.sink) && wants(subscription, one)
    if (!asked) return [words(one, `came to ${one.sink} for ${one.subscription || 'nobody'}, which did not ask for it`)]
    return known.has(momentKey(one)) || nameless.has(nameKey(one))
      ? []
      : [words(one, `came to ${one.sink} for ${one.subscription}, and never happened`)]
  })
}

const nameKey = (of: Pick<Moment, 'namespace' | 'kind' | 'name' | 'milestone'>): string =>
  [of.kind, of.namespace, of.name, of.milestone].join(' ')

/** `delivered` is the number of distinct ids that were taken; `matched` lies between what is certain and what may have been. */
function miscounts(
  told: Told,
  truth: readonly Moment[],
  declared: readonly Declared[],
  arrivals: readonly Arrival[],
): string[] {
  const isSink = told.of === 'EventSink'
  const mine = arrivals.filter((one) => one.taken && (isSink ? one.sink : one.subscription) === told.key)
  const delivered = new Set(mine.map((one) => `${one.subscription} ${one.sink} ${one.id}`)).size
  const wrong = (what: string, says: number, is: string | number) =>
    `${told.of} ${told.key}: ${what} is ${says}, should be ${is}`
  const found: string[] = []
  if (told.delivered !== delivered) found.push(wrong('delivered', told.delivered, delivered))
  if (told.pending !== 0) found.push(wrong('pending', told.pending, 0))
  const one = isSink ? undefined : declared.find(({ key }) => key === told.key)
  if (one && told.matched !== undefined) {
    const asked = truth.filter((moment) => wants(one, moment))
    const least = asked.filter((moment) => moment.certain).length
    if (told.matched < least || told.matched > asked.length)
      found.push(wrong('matched', told.matched, least === asked.length ? least : `${least} to ${asked.length}`))
  }
  return found
}
