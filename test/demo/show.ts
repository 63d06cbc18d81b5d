// What the demo prints: headings, each event as it arrives, and at the end the server's own words.
import { stringify } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import type { AdminClient } from '../controlplane/admin.ts'
import type { Received } from '../controlplane/sink.ts'
import { demoNamespace, subscriptionName } from './names.ts'

const apiVersion = 'carillon.dev/v1alpha1'

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
  say(
    `${color(36, '⇒ event')}  ${header('ce-type').padEnd(46)} ${shortened(decodeURIComponent(header('ce-subject'))).padEnd(32)} ${word}`,
  )
}

/** A package URL is long, and its begin says enough. */
const shortened = (subject: string) => (subject.length > 40 ? `${subject.slice(0, 39)}…` : subject)

/** Asks for fresh counters, waits until they tell of every delivery, and prints the tables and the quickstart's status. */
export async function showStatus(admin: AdminClient, received: readonly Received[]): Promise<void> {
  const told = new Map<string, KubeObject>()
  for (const [name, delivered] of Map.groupBy(received, ({ headers }) => String(headers['carillon-subscription'])))
    told.set(name, await freshStatus(admin, name.slice(demoNamespace.length + 1), delivered.length))
  for (const kind of ['EventSink', 'EventSubscription']) {
    console.log(`\n$ kubectl -n ${demoNamespace} get ${kind.toLowerCase()}`)
    console.log(await admin.table(await admin.path(apiVersion, kind, demoNamespace)))
  }
  console.log(`\n$ kubectl -n ${demoNamespace} get eventsubscription ${subscriptionName} -o yaml   # its status`)
  const status = told.get(`${demoNamespace}/${subscriptionName}`)?.status
  console.log(stringify({ status }, { lineWidth: 120 }).trimEnd())
}

async function freshStatus(admin: AdminClient, name: string, delivered: number): Promise<KubeObject> {
  const requestedAt = new Date().toISOString()
  await admin.mergePatch(apiVersion, 'EventSubscription', demoNamespace, name, {
    metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': requestedAt } },
  })
  return admin.waitFor(
    await admin.path(apiVersion, 'EventSubscription', demoNamespace, name),
    ({ status }) =>
      status?.lastHandledReconcileAt === requestedAt &&
      ((status.counts as { delivered?: number })?.delivered ?? 0) >= delivered,
    { what: `the status of ${name} to count ${delivered} deliveries` },
  )
}
