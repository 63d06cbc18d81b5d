// The example of docs/receivers.md, run as a user runs it.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Asked, readAgreement, validationHeaders } from '../../src/delivery/validation.ts'
import { toBatch, toBinary, toStructured } from '../../src/formats/binding.ts'
import type { EncodedEvent } from '../../src/formats/format.ts'
import { spawnBound } from '../controlplane/process.ts'
import { makeScratch, removeScratch } from '../controlplane/scratch.ts'

const program = fileURLToPath(new URL('../../docs/examples/receiver.mjs', import.meta.url))

function eventOf(id: string, milestone: string, sequence: number): EncodedEvent {
  const type = `dev.carillon.tekton.taskrun.${milestone}.v1`
  const source = '/clusters/ä%/namespaces/team-a/tekton'
  const attributes = { specversion: '1.0', id, source, type, subject: 'taskrun/build', sequence: String(sequence) }
  return { id, type, subject: attributes.subject, attributes: JSON.stringify(attributes), data: '{"name":"build"}' }
}

async function startReceiver(directory: string) {
  const env = {
    ...process.env,
    PORT: '0',
    ALLOWED_ORIGIN: 'carillon.example.com',
    EVENTS_DB: join(directory, 'events.db'),
  }
  const { child, kill } = spawnBound(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'], env })
  const told: string[] = []
  const url = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (line.startsWith('listens at ')) resolve(line.slice(11))
      else told.push(line)
    })
  })
  const post = async ({ headers, body }: { headers: Record<string, string>; body: string | undefined }) =>
    (await fetch(url, { method: 'POST', headers, body: body ?? null })).status
  /** What it answers when it is asked whether it wants events. */
  const ask = async (headers: Record<string, string>): Promise<Asked> => {
    const { status, headers: heard } = await fetch(url, { method: 'OPTIONS', headers })
    return {
      answer: { kind: 'response', status, durationMs: 0 },
      allowedOrigin: heard.get('webhook-allowed-origin') ?? undefined,
      allowedRate: heard.get('webhook-allowed-rate') ?? undefined,
    }
  }
  const timeline = async () => (await (await fetch(`${url}?subject=taskrun/build`)).json()) as { type: string }[]
  return { told, ask, post, timeline, [Symbol.asyncDispose]: async () => void (await kill()) }
}

test('the example receiver keeps an event once, over a kill too, and tells the events of an object in order', async () => {
  using stack = new DisposableStack()
  const directory = stack.adopt(makeScratch('receiver'), removeScratch)
  const [started, finished, queued] = [
    eventOf('b', 'started', 2),
    eventOf('c', 'finished', 3),
    eventOf('a', 'queued', 1),
  ]
  {
    await using receiver = await startReceiver(directory)
    assert.equal(await receiver.post(toBinary(started)), 204)
    assert.equal(await receiver.post(toStructured(finished)), 204)
    assert.equal(await receiver.post(toBinary(started)), 204)
    assert.deepEqual(receiver.told.length, 2)
  }
  await using receiver = await startReceiver(directory)
  assert.equal(await receiver.post(toStructured(started)), 204)
  assert.equal(await receiver.post(toBatch([finished, queued, finished])), 204)
  const halfGood = { ...toBatch([]), body: `[${toStructured(eventOf('d', 'signed', 4)).body}, {}]` }
  assert.equal(await receiver.post(halfGood), 400)
  assert.deepEqual(receiver.told.length, 1)
  assert.equal(await receiver.post({ headers: { 'content-type': 'text/plain' }, body: 'no event' }), 400)
  assert.equal(await receiver.post({ headers: { 'content-type': 'application/cloudevents+json' }, body: '{' }), 400)
  const events = await receiver.timeline()
  assert.deepEqual(
    events.map(({ type }) => type.split('.').at(-2)),
    ['queued', 'started', 'finished'],
  )
  const { data: _, ...attributes } = events[1] as { type: string; data?: unknown; datacontenttype?: string }
  assert.deepEqual(
    { ...attributes, datacontenttype: undefined },
    { ...JSON.parse(started.attributes), datacontenttype: undefined },
  )
})

test('the example receiver agrees to events of its origin, and of no other', async () => {
  using stack = new DisposableStack()
  await using receiver = await startReceiver(stack.adopt(makeScratch('receiver'), removeScratch))
  const own = { origin: 'carillon.example.com', requestRate: 60 }
  assert.deepEqual(readAgreement(await receiver.ask(validationHeaders(own)), own), {
    kind: 'agreed',
    agreement: { perMinute: 60 },
  })
  for (const origin of ['evil.example.net', '']) {
    const { kind } = readAgreement(await receiver.ask(validationHeaders({ origin })), { origin })
    assert.equal(kind, 'refused')
  }
})
