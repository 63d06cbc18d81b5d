import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'
import { startSink } from '../controlplane/sink.ts'
import { startBlackhole } from './blackhole.ts'
import { certificate } from './certificates.ts'
import { Clock } from './clock.ts'
import { Running, rowsOf } from './running.ts'
import { listen } from './sockets.ts'

describe('a sink in trouble beside others', () => {
  it('200 sinks, one that hangs, one at 429, one that drops packets, one that fails every handshake: the others get all', async () => {
    await using sink = await startSink({
      record: 'all',
      behaviour: ({ path }) =>
        path === '/0'
          ? { kind: 'hang' }
          : path === '/1'
            ? { kind: 'answer', status: 429, headers: { 'retry-after': '3600' } }
            : { kind: 'answer', status: 204 },
    })
    await using hole = await startBlackhole()
    await using impostor = await listen(() => undefined, certificate({ name: 'other', hosts: ['other.example'] }))
    const special = new Map([
      [2, `http://127.0.0.1:${hole.port}/`],
      [3, `https://127.0.0.1:${impostor.port}/`],
    ])
    const clock = new Clock()
    const directory = mkdtempSync(join(tmpdir(), 'carillon-isolation-'))
    const opened = openSqliteOutbox({ directory, now: clock.now })
    assert.ok(opened.ok)
    const outbox = opened.value
    const keys = Array.from({ length: 200 }, (_, n) => `team-${n % 10}/sink-${n}`)
    const running = keys.map(
      (key, n) =>
        new Running(special.get(n) ?? `${sink.url}/${n}`, {
          key,
          clock,
          outbox,
          sink: { concurrency: 2, timeoutMs: 60_000 },
        }),
    )
    const [first] = running
    assert.ok(first)
    // More for each than it may be sent at a time, so that whoever hangs has all of its places taken.
    for (let object = 0; object < 3; object += 1)
      await first.enqueue(...keys.flatMap((key) => rowsOf(`${key} ${object}`, ['1', '2'], 'team-a/builds', key)))
    const well = running.slice(4)
    await Promise.all(well.map((one) => one.recorded(6)))
    for (const one of well) await one.emptied()
    const byPath = Map.groupBy(sink.received, ({ path }) => Number(path.slice(1)))
    assert.equal(byPath.get(0)?.length, 2)
    assert.ok((byPath.get(1)?.length ?? 0) <= 2)
    for (let n = 4; n < 200; n += 1) assert.equal(byPath.get(n)?.length, 6)
    assert.deepEqual(
      keys.slice(0, 4).map((key) => outbox.size(key)),
      [6, 6, 6, 6],
    )
    assert.deepEqual(
      running.flatMap(({ errors }) => errors),
      [],
    )
    const stopped = Promise.all(running.map((one) => one.stop()))
    await clock.sleepsFor(5000)
    await setImmediate()
    clock.advance(5000)
    await stopped
    await outbox[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })
})
