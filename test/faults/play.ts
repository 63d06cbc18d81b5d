// One fault, from what it may cost to what it did cost.
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ControlPlane } from '../controlplane/controlplane.ts'
import { check, type Findings } from './check.ts'
import { type Cost, type Counted, type Excess, excessOf, lostOf, sumOf } from './cost.ts'
import { type Evidence, momentKey, type Told } from './evidence.ts'
import { costOf, type Fault, NotHere, type Ran } from './fault.ts'
import { collectionOf } from './load.ts'
import { openScene, type Scene } from './scene.ts'
import { tell, Unanswered } from './told.ts'

export type Played = {
  fault: Fault
  seed: number
  seconds: number
  /** Absent where the fault could not be played to its end. */
  ran?: Ran
  found?: Findings
  counted?: Counted
  cost?: Cost
  recoveryMs?: number
  lost: number
  excess: Excess
  /** Why it was passed over. */
  skipped?: string
}

export type PlayOptions = {
  program: string
  directory: string
  seed: number
  quick: boolean
  /** Where truth, arrivals, findings and logs of faults that cost too much are kept. */
  keep?: string | undefined
  /** Tells scenes of the same fault on one control plane apart. */
  round: number
}

const none: Excess = { lost: 0, repeats: 0, otherIds: 0, inversions: 0, wrong: [] }

/** Never rejects: what goes wrong in a fault is the fault's finding. */
export async function play(fault: Fault, cp: ControlPlane, options: PlayOptions): Promise<Played> {
  const began = Date.now()
  const name = `${fault.id.toLowerCase()}${options.round > 0 ? `-${options.round}` : ''}`
  const base = { fault, seed: options.seed, lost: 0 }
  const seconds = () => (Date.now() - began) / 1000
  let scene: Scene | undefined
  try {
    scene = await openScene(cp, { ...options, name })
    const cost = costOf(fault, options.quick)
    const ran = await fault.run(scene)
    const evidence = await rest(scene, ran, cost)
    const found = check(evidence)
    const counted = add(sumOf(evidence.told), ran.counted)
    const recoveryMs = recovery(evidence, ran.healedAt)
    const excess = excessOf(found, counted, recoveryMs, cost, !options.quick)
    excess.wrong.push(...(ran.wrong ?? []), ...(options.quick ? [] : (ran.late ?? [])))
    const played = {
      ...base,
      seconds: seconds(),
      ran,
      found,
      counted,
      cost,
      recoveryMs,
      lost: lostOf(found, counted),
      excess,
    }
    keep(scene, options, { found, counted, excess, told: evidence.told }, excess)
    return played
  } catch (error) {
    if (error instanceof NotHere) return { ...base, seconds: seconds(), excess: none, skipped: error.message }
    const excess = { ...none, wrong: [`it could not be played to its end: ${(error as Error).stack}`] }
    if (scene) keep(scene, options, { excess }, excess)
    return { ...base, seconds: seconds(), excess }
  } finally {
    await scene?.operator[Symbol.asyncDispose]()
    if (scene) await clear(scene).catch((error) => console.error(error))
    await scene?.[Symbol.asyncDispose]()
  }
}

const add = (one: Counted, other: Partial<Counted> = {}): Counted => ({
  deadLettered: one.deadLettered + (other.deadLettered ?? 0),
  dropped: one.dropped + (other.dropped ?? 0),
})

/** Waits until all that is due has come and the statuses agree, or nothing has moved for longer than a recovery may take. */
async function rest(scene: Scene, ran: Ran, cost: Cost): Promise<Evidence> {
  const patience = (scene.quick ? 60_000 : 10_000) + cost.recoveryMs
  let moved = Date.now()
  for (let seen = -1; ; ) {
    const arrivals = scene.sinks.arrivals()
    if (arrivals.length !== seen) {
      seen = arrivals.length
      moved = Date.now()
      await delay(200)
      continue
    }
    const told = await tellWhere(scene, Date.now() - moved < patience)
    if (told === undefined) continue
    const evidence = { truth: scene.truth.moments, declared: scene.declared, arrivals, told }
    const found = check(evidence)
    const isQuiet = arrivals.length === scene.sinks.arrivals().length
    const isDone = lostOf(found, add(sumOf(evidence.told), ran.counted)) === 0
    const agrees = cost.counters === 'unknown' || found.counters.length === 0
    if ((isQuiet && isDone && agrees) || Date.now() - moved > patience) return evidence
    await delay(500)
  }
}

/** The statuses; undefined where they don't answer yet, and may. */
async function tellWhere(scene: Scene, mayWait: boolean): Promise<Told[] | undefined> {
  try {
    return await tell(scene)
  } catch (error) {
    if (mayWait && error instanceof Unanswered) return undefined
    throw error
  }
}

/** How long after the fault's end the last first delivery came of what was acknowledged before that end. */
function recovery({ truth, arrivals }: Evidence, healedAt: number): number {
  const before = new Set(truth.filter((one) => one.certain && one.at <= healedAt).map(momentKey))
  const first = new Map<string, number>()
  for (const one of arrivals) {
    const key = `${one.subscription} ${one.sink} ${momentKey(one)}`
    if (one.taken && before.has(momentKey(one)) && !first.has(key)) first.set(key, one.at)
  }
  let last = healedAt
  for (const at of first.values()) last = Math.max(last, at)
  return last - healedAt
}

function keep(scene: Scene, { keep: folder }: PlayOptions, what: object, excess: Excess): void {
  if (
    folder === undefined ||
    excess.lost + excess.repeats + excess.otherIds + excess.inversions + excess.wrong.length === 0
  )
    return
  const target = join(folder, scene.name)
  mkdirSync(target, { recursive: true })
  for (const file of ['truth.jsonl', 'arrivals.jsonl', 'operator.log'])
    if (existsSync(join(scene.directory, file))) copyFileSync(join(scene.directory, file), join(target, file))
  writeFileSync(join(target, 'findings.json'), JSON.stringify(what, undefined, 2))
}

/** The next fault's operator has nothing to do with this one's runs and CRs. */
async function clear(scene: Scene): Promise<void> {
  for (const namespace of [...scene.tenants, `${scene.name}-admin`]) {
    for (const kind of ['eventsubscriptions', 'eventsinks'])
      await scene.api.write('DELETE', `/apis/carillon.dev/v1alpha1/namespaces/${namespace}/${kind}`)
    for (const kind of ['taskrun', 'pipelinerun', 'customrun'] as const)
      await scene.api.write('DELETE', collectionOf(kind, namespace))
  }
}
