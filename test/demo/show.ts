// What the demo prints: headings, each event as it arrives, and at the end the server's own words.
import { stringify } from 'yaml'
import type { AdminClient } from '../controlplane/admin.ts'
import type { Received } from '../controlplane/sink.ts'
import { demoNamespace, subscriptionName } from './names.ts'

const started = performance.now()
const color = process.stdout.isTTY
  ? (code: number, text: string) => `\u001b[${code}m${text}\u001b[0m`
  : (_: number, text: string) => text

export const say = (line: string): void => {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6)
  console.log(`${color(2, `${seconds} s`)}  ${line}`)
}

export const heading = (text: string): void => console.log(`\n${color(1, `── ${text}`)}`)

/** One line an event: which run, what happened to it, and how it ended. */
export function showEvent(request: Received | undefined): void {
  if (!request) return
  const header = (name: string) => String(request.headers[name] ?? '')
  const outcome = header('ce-outcome')
  const word = outcome === '' ? '' : color(outcome === 'success' ? 32 : 31, outcome)
  say(`${color(36, '⇒ event')}  ${header('ce-type').padEnd(46)} ${header('ce-subject').padEnd(32)} ${word}`)
}

/** Asks for fresh counters, waits until they tell of every delivery, and prints the table and the status. */
export async function showStatus(admin: AdminClient, delivered: number): Promise<void> {
  const apiVersion = 'carillon.dev/v1alpha1'
  const path = await admin.path(apiVersion, 'EventSubscription', demoNamespace, subscriptionName)
  const requestedAt = new Date().toISOString()
  await admin.mergePatch(apiVersion, 'EventSubscription', demoNamespace, subscriptionName, {
    metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': requestedAt } },
  })
  const told = await admin.waitFor(
    path,
    ({ status }) =>
      status?.lastHandledReconcileAt === requestedAt &&
      ((status.counts as { delivered?: number })?.delivered ?? 0) >= delivered,
    { what: `the status to count ${delivered} deliveries` },
  )
  for (const kind of ['EventSink', 'EventSubscription']) {
    console.log(`\n$ kubectl -n ${demoNamespace} get ${kind.toLowerCase()}`)
    console.log(await admin.table(await admin.path(apiVersion, kind, demoNamespace)))
  }
  console.log(`\n$ kubectl -n ${demoNamespace} get eventsubscription ${subscriptionName} -o yaml   # its status`)
  console.log(stringify({ status: told.status }, { lineWidth: 120 }).trimEnd())
}
