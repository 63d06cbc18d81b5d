import type { Load } from './outbox.ts'
import type { Route } from './routes.ts'
import { type Head, offer, type Window } from './window.ts'

/** What is kept in memory of a sink: how much is owed to it, and whose turn it is. */
export type SinkQueues = {
  id: number
  name: string
  /** In flight included. */
  load: Load
  /** Of that, by the namespace of the subscription. */
  parts: Map<string, Load>
  inFlight: number
  /** The queues that have rows, by the namespace of the objects, in the order in which it is their turn. */
  turns: Map<string, Queue>
  /** Until then (ms) nothing can be claimed unless something changes; 0 when that isn't known. */
  quietUntil: number
  /** From all subscriptions that anything was ever written down of. */
  routes: Set<Route>
  /** Those whose rows are not handed out for now (withholding.ts). */
  held: Set<Route>
  /** Those whose rows don't count in its load as it is told: these, and those that are tried once more. */
  apart: Set<Route>
  /** So many heads that are withheld one look may still pass over. */
  passes: number
}

/** What waits for a sink out of one namespace, and what comes next of it. */
export type Queue = {
  sink: SinkQueues
  namespace: string
  /** In flight included. */
  rows: number
  inFlight: number
  fresh: Window
  waiting: Window
}

export const noLoad = (): Load => ({ rows: 0, bytes: 0 })

export const newSink = (id: number, name: string): SinkQueues => ({
  id,
  name,
  load: noLoad(),
  parts: new Map(),
  inFlight: 0,
  turns: new Map(),
  quietUntil: 0,
  routes: new Set(),
  held: new Set(),
  apart: new Set(),
  passes: 0,
})

/** What a namespace's subscriptions have of a sink's load. */
export function partOf({ parts }: SinkQueues, namespace: string): Load {
  const part = parts.get(namespace) ?? noLoad()
  parts.set(namespace, part)
  return part
}

/** In one look: a few ms. The rest is passed over in the next ones, so that whoever has very much withheld holds nobody up. */
const mostPassed = 2000

/** The outbox is asked what comes next. */
export const beginLook = (sink: SinkQueues): void => {
  sink.passes = mostPassed
}

/** A queue that has no rows yet gets its turn after all others. */
export function queueOf(sink: SinkQueues, namespace: string): Queue {
  const found = sink.turns.get(namespace)
  if (found) return found
  const [fresh, waiting] = [unread(0), unread(1)]
  waiting.next = Number.POSITIVE_INFINITY
  const queue = { sink, namespace, rows: 0, inFlight: 0, fresh, waiting }
  sink.turns.set(namespace, queue)
  return queue
}

/** Nothing was read of the heads from this due time on. Those that wait have one of at least 1. */
const unread = (due: number): Window => ({ ready: [], floor: { due, seq: 0 }, next: 0 })

/** Forgets what was read ahead, after heads have changed under it. */
export function reread(queue: Queue): void {
  queue.fresh = unread(0)
  queue.waiting = unread(1)
  queue.sink.quietUntil = 0
}

/** A row was committed. */
export function enqueue(queue: Queue): void {
  queue.rows += 1
  queue.fresh.next = 0
  queue.sink.quietUntil = 0
}

/** A row has gone. */
export function dequeue(queue: Queue): void {
  queue.rows -= 1
  if (queue.rows === 0) queue.sink.turns.delete(queue.namespace)
}

/** A head has come (back) to be claimable. */
export function putBack(queue: Queue, head: Head): void {
  offer(head.due === 0 ? queue.fresh : queue.waiting, head, mostReady(queue.sink))
  queue.sink.quietUntil = 0
}

/** What is read ahead for a sink stays small, however many namespaces share it. */
export const mostReady = ({ turns }: SinkQueues): number => Math.max(16, Math.min(512, Math.floor(4096 / turns.size)))
