import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { fullJitter, pause } from '../kube/backoff.ts'
import { type Handlers, serveControl } from '../operator/control/socket.ts'
import { openSqliteOutbox, type SqliteOutbox } from '../outbox/sqlite.ts'
import type { Metrics } from '../status/metrics.ts'
import { lead } from './lead.ts'
import { type Ground, now } from './parts.ts'
import { type Health, wire } from './wire.ts'

/** Opens the data directory; a damaged file that is found there, now or later, is told of as it is set aside. */
export function openOutbox({ config, log }: Ground, metrics: Metrics): Verdict<SqliteOutbox> {
  return openSqliteOutbox({
    directory: config.dataDir,
    now,
    damaged(found, movedTo) {
      metrics.storageDamaged.inc()
      log.error(
        { found, movedTo },
        'carillon.db is damaged: it was set aside, and a new one is begun; what can be derived from the objects that are there is sent again, ' +
          'under the same ids; deliveries of objects that are gone, and dead letters, are only in the file that was set aside',
      )
    },
  })
}

/**
 * Works on one outbox after the other: where one turns out to be damaged, all that works on it is stopped, and begins again with the one
 * that takes its place. Ends with `signal`, or with a life that ends by itself.
 */
export async function live(
  first: SqliteOutbox,
  open: () => Verdict<SqliteOutbox>,
  life: (outbox: SqliteOutbox, end: AbortSignal) => Promise<Verdict>,
  signal: AbortSignal,
): Promise<Verdict> {
  for (let [opened, attempt] = [accept(first) as Verdict<SqliteOutbox>, 0]; ; attempt += 1) {
    if (!opened.ok) return opened
    const ended = await within(opened.value, life, signal)
    if (!ended.ok || signal.aborted || !opened.value.damaged.aborted) return ended
    // A disk that damages everything is not to be fed as fast as it can take it.
    await pause(fullJitter(attempt, Math.random), signal)
    if (signal.aborted) return ended
    opened = open()
  }
}

async function within(
  opened: SqliteOutbox,
  life: (outbox: SqliteOutbox, end: AbortSignal) => Promise<Verdict>,
  signal: AbortSignal,
): Promise<Verdict> {
  await using outbox = opened
  try {
    return await life(outbox, AbortSignal.any([signal, outbox.damaged]))
  } catch (error) {
    if (!outbox.damaged.aborted) throw error
    return accept(undefined) // Whatever met the damage first: that is told of as the file is set aside.
  }
}

export type Present = { metrics: Metrics; version: string; server: string; port: number; show(health: Health): void }

/** A life: waits for the right to work, lays out anew what it works with, for it may have waited for long, and works until `end`. */
export async function work(
  first: Ground,
  layOut: () => Promise<Verdict<Ground>>,
  { metrics, version, server, port, show }: Present,
  outbox: SqliteOutbox,
  end: AbortSignal,
): Promise<Verdict> {
  const { log, config } = first
  const standBy = (holder: string, lease: string) => {
    log.info({ lease, holder, port }, 'another instance holds the Lease: waiting for it')
    show({ refresh: () => undefined, notReady: () => `waiting for Lease ${lease}, which ${holder} holds` })
  }
  const led = await lead(first, outbox.instance, standBy, end)
  if (!led.ok) return led
  if (!led.value) return accept(undefined)
  await using leadership = led.value
  const laid = await laidOut(layOut, log, AbortSignal.any([end, leadership.lost]))
  if (!laid.ok) return laid
  const ground = laid.value
  await using _archive = ground.archive
  await ground.keeper.keep()
  await using operator = wire(ground, outbox, metrics, leadership)
  show(operator.health)
  await using _control = await openControl(ground, version, operator.handlers(version))
  log.info({ version, server, dataDir: config.dataDir, port, source: ground.cluster.uri }, 'carillon runs')
  await aborted(AbortSignal.any([end, leadership.lost]))
  show({ refresh: () => undefined, notReady: () => 'stopping' })
  if (!outbox.damaged.aborted) log.info({}, 'stopping: what is under way gets to its end')
  return end.aborted
    ? accept(undefined)
    : refuse(
        'LeaseLost',
        'another instance has taken the Lease while this one could not renew it; start it again to wait',
      )
}

/** What could be read at the start can be read again: an API server that is away for a moment is waited for. */
async function laidOut(
  layOut: () => Promise<Verdict<Ground>>,
  log: Ground['log'],
  signal: AbortSignal,
): Promise<Verdict<Ground>> {
  for (let attempt = 0; ; attempt += 1) {
    const laid = await layOut()
    if (laid.ok || signal.aborted || laid.reason !== 'ConfigUnreadable') return laid
    log.warn({}, `${laid.message}; tried again`)
    await pause(fullJitter(attempt, Math.random), signal)
  }
}

/** The socket for `carillon deadletters` and the like; without it everything else goes on. */
async function openControl({ config, log }: Ground, version: string, handlers: Handlers) {
  const control = await serveControl({ directory: config.dataDir, version, handlers, log })
  if (control.ok) return control.value
  log.warn({ reason: control.reason }, `carillon deadletters, replay and purge have no way in: ${control.message}`)
  return undefined
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
