// The corpus through the whole operator, in a network of its own; prints one line of JSON. Started by hostile.test.ts in `unshare -Urnm`.
import { setTimeout as delay } from 'node:timers/promises'
import type { Condition, EventSink } from '../../../src/api/generated.ts'
import { finished } from '../../bench/objects.ts'
import { installTekton } from '../../controlplane/tekton.ts'
import { type OperatorProcess, startOperator } from '../../operator/process.ts'
import { apiVersion, patienceMs, startStage } from '../fixture.ts'
import { allow } from '../lifecycle/secrets.ts'
import type { HostileCase } from './cases.ts'
import { corpus } from './corpus.ts'
import { allowed, forbidden, ports, startWorld } from './world.ts'

export type HostileReport = {
  /** With the guard off: where an event got through. */
  reached: string[]
  /** Names of cases that were to get through then, and did not. */
  missed: string[]
  /** With the guard on: what became of each. */
  cases: { name: string; said: string }[]
  /** `address port` → connections, where there were any that the corpus made. */
  touched: [string, number][]
  /** Events that came to an address of anybody's, by the same operator. */
  control: number
}

/** So many sinks in a namespace, each with a subscription for as many as one takes. */
const perNamespace = 64
const perSubscription = 16

await using world = await startWorld()
await using stage = await startStage()
await installTekton(stage.admin)
await allow(stage.admin, 'service-refs')
for (const { dns = {} } of corpus) for (const [key, answers] of Object.entries(dns)) world.zone.set(key, answers)

const off = [...forbidden.map((one) => `${one}/${one.includes(':') ? 128 : 32}`)].flatMap((one) => [
  '--allow-cidr',
  one,
])
const unguarded = [...off, ...ports.flatMap((port) => ['--allow-port', String(port)])]
const reachable = corpus.filter(({ isReachable }) => isReachable)
const first = await round('off', reachable, unguarded)
const missed = first.outcomes.filter(({ said }) => said !== 'delivered').map(({ name, said }) => `${name}: ${said}`)
const reached = [...world.connections.keys()]

for (const [key, answers] of world.zone) world.zone.set(key, answers)
world.connections.clear()
const control: HostileCase = { name: 'control', http: { url: `http://${allowed}/` }, expect: /delivered/ }
const second = await round('on', [...corpus, control], [])
const report: HostileReport = {
  reached,
  missed,
  cases: second.outcomes.filter(({ name }) => name !== 'control'),
  touched: [...world.connections].filter(([key]) => !key.startsWith(`${allowed} `)),
  control: second.outcomes.filter(({ name, said }) => name === 'control' && said === 'delivered').length,
}
console.log(JSON.stringify(report))

type Outcome = { name: string; said: string }

/** Applies the cases, has something happen, and hears what the operator says of each. */
async function round(label: string, cases: readonly HostileCase[], args: string[]): Promise<{ outcomes: Outcome[] }> {
  const outcomes: Outcome[] = []
  const places = new Map<string, HostileCase>()
  const namespaces: string[] = []
  for (let from = 0; from < cases.length; from += perNamespace) {
    const namespace = `${label}-${from / perNamespace}`
    namespaces.push(namespace)
    await stage.admin.createNamespace(namespace)
    const taken: string[] = []
    for (const [index, one] of cases.slice(from, from + perNamespace).entries()) {
      const refusal = await declare(namespace, `sink-${index}`, one)
      if (refusal !== undefined) outcomes.push({ name: one.name, said: refusal })
      else {
        taken.push(`sink-${index}`)
        places.set(`${namespace}/sink-${index}`, one)
      }
    }
    for (let at = 0; at < taken.length; at += perSubscription)
      await subscribe(namespace, `to-${at}`, taken.slice(at, at + perSubscription))
  }
  await using operator = await startOperator(stage.cp, { args })
  for (const namespace of namespaces) await happen(namespace)
  for (const [key, one] of places) outcomes.push({ name: one.name, said: await saidOf(key, operator) })
  return { outcomes }
}

async function declare(namespace: string, name: string, { http, beside }: HostileCase): Promise<string | undefined> {
  try {
    await stage.admin.apply([
      ...(beside?.(namespace) ?? []),
      { apiVersion, kind: 'EventSink', metadata: { namespace, name }, spec: { http: { timeout: '2s', ...http } } },
    ])
    return undefined
  } catch (error) {
    return `not taken: ${(error as Error).message}`
  }
}

async function subscribe(namespace: string, name: string, sinks: string[]): Promise<void> {
  const events = [{ kind: 'TaskRun', milestones: ['finished'] }]
  const spec = { sinks: sinks.map((sink) => ({ name: sink })), startFrom: 'Earliest', events }
  await stage.admin.apply({ apiVersion, kind: 'EventSubscription', metadata: { namespace, name }, spec })
}

async function happen(namespace: string): Promise<void> {
  const run = { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { namespace, name: 'run' } }
  await stage.admin.apply({ ...run, spec: { taskSpec: { steps: [{ image: 'x', name: 'x' }] } } })
  const now = Date.now()
  await stage.admin.patchStatus('tekton.dev/v1', 'TaskRun', namespace, 'run', finished(now - 2000, now, 100))
}

/** `delivered`, or the reason and message that a sink's conditions give for why nothing is. */
async function saidOf(key: string, operator: OperatorProcess): Promise<string> {
  const [namespace = '', name = ''] = key.split('/')
  for (const end = Date.now() + patienceMs; Date.now() < end; await delay(250)) {
    const { status } = (await stage.admin.get(apiVersion, 'EventSink', namespace, name)) as EventSink
    const find = (type: string): Condition | undefined => status?.conditions?.find((one) => one.type === type)
    const bad = [find('Ready'), find('Delivering')].find(
      (one) => one?.status === 'False' && one.reason !== 'Progressing',
    )
    if (bad) return `${bad.reason}: ${bad.message}`
    if (find('Delivering')?.status === 'True') return 'delivered'
  }
  return `nothing (operator ${operator.pid})`
}
