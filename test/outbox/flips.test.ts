import assert from 'node:assert/strict'
import { cpSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteOutbox, type SqliteOutbox } from '../../src/outbox/sqlite.ts'
import { StorageError } from '../../src/outbox/trouble.ts'
import { batchOf, buried, delivered, eventOf, recordOf, retried, rowOf } from './batches.ts'
import { directories, openIn } from './directory.ts'
import { volumes } from './volume.ts'

const directory = directories()
const { small } = volumes()
const seed = Number(process.env.CARILLON_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
const sinks = ['ns/sink', 'ns/other']
const late = 10_000_000

/** A small generator of whole numbers below `n`, so that a seed tells it all. */
function numbers(from: number): (n: number) => number {
  let state = from
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

function random(t: TestContext): (n: number) => number {
  t.diagnostic(`seed ${seed} (CARILLON_TEST_SEED=${seed} repeats it)`)
  return numbers(seed)
}

/** Fills an outbox with something of everything; `step` is called after each commit. */
async function fill(outbox: SqliteOutbox, batches: number, step: (batch: number) => void = () => undefined) {
  await outbox.begin(new Map([['uid-a ns/sink TaskRun', 7]]))
  await outbox.activate(new Map([['uid-a ns/sink TaskRun finished', 12]]))
  await outbox.keepGate('ns/sink', 'what the sink said')
  for (let batch = 0; batch < batches; batch += 1) {
    const ids = Array.from({ length: 4 }, (_, n) => `o${batch}-${n}`)
    const rows = ids.flatMap((id) => {
      const event = { ...eventOf(id), data: JSON.stringify('x'.repeat(40 * (batch % 50))) }
      return sinks.map((sink) => rowOf(id, event, { sink }))
    })
    await outbox.commit(batchOf({ rows, records: ids.map((id) => recordOf(id)), cursor: `${batch}` }))
    if (batch % 5 === 0) {
      const [first, second, third] = outbox.claim('ns/other', 3, 1_000_000)
      if (first && second && third)
        await outbox.settle([buried(first), retried(second, 2_000_000), delivered(third)], 1_000_000)
    }
    step(batch)
  }
}

/** All that an outbox tells, as text; rows come with their attempts. */
async function tell(outbox: SqliteOutbox): Promise<string[]> {
  const lines: string[] = []
  const put = (what: string, value: unknown) => lines.push(`${what} ${JSON.stringify(value)}`)
  const uids = [...outbox.known('TaskRun')].sort()
  for (const [, record] of outbox.records(uids)) put('record', record)
  put('cursors', [...outbox.cursors()])
  put('reached', [...outbox.reached()])
  put('activations', [...outbox.activations()])
  put('floors', [...outbox.floors()])
  put('gates', [...outbox.gates()])
  put('begun', outbox.begun)
  for (const letter of outbox.deadLetters()) put('letter', [letter, outbox.deadLetter(letter.seq)])
  for (const sink of sinks) {
    for (let rows = outbox.claim(sink, 1000, late); rows.length > 0; rows = outbox.claim(sink, 1000, late)) {
      for (const row of rows) put('row', row)
      await outbox.settle(rows.map(delivered), late)
    }
    put('size', outbox.size(sink))
  }
  return lines.sort()
}

/** Opens and reads all of a copy that may be damaged: what it tells, or 'damaged' where that was found out, at open or later. */
async function read(data: string): Promise<string[] | 'damaged'> {
  let isDamaged = false
  const opened = openSqliteOutbox({ directory: data, now: () => late, damaged: () => (isDamaged = true) })
  if (!opened.ok) throw new Error(`${opened.reason}: ${opened.message}`)
  const outbox = opened.value
  try {
    const told = await tell(outbox)
    await outbox[Symbol.asyncDispose]()
    return isDamaged ? 'damaged' : told
  } catch (error) {
    await outbox[Symbol.asyncDispose]()
    assert.ok(error instanceof StorageError && error.trouble === 'damaged', `${error}`)
    assert.ok(outbox.damaged.aborted, 'whoever finds damage, all hear of it')
    assert.ok(isDamaged, 'it was set aside')
    return 'damaged'
  }
}

async function readWhole(data: string): Promise<string[]> {
  const told = await read(data)
  if (told === 'damaged') throw new Error('damage was found where there is none')
  return told
}

function flip(path: string, at: number, bit: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] as number) ^ (1 << bit)
  writeFileSync(path, bytes)
}

function copyOf(data: string): string {
  const copy = directory()
  cpSync(data, copy, { recursive: true })
  return copy
}

test('whatever bit flips in the file, what is told is what was written, or the damage is found', async (t) => {
  const below = random(t)
  const data = directory()
  {
    await using outbox = openIn(data)
    await fill(outbox as SqliteOutbox, 40)
  }
  const path = join(data, 'carillon.db')
  const { size } = statSync(path)
  const whole = await readWhole(copyOf(data))
  assert.ok(whole.length > 400)
  const found = { damaged: 0, harmless: 0 }
  for (let n = 0; n < 150; n += 1) {
    const at = n < 20 ? below(100) : below(size)
    const bit = below(8)
    const copy = copyOf(data)
    flip(join(copy, 'carillon.db'), at, bit)
    const told = await read(copy)
    if (told !== 'damaged') assertSame(told, whole, `bit ${bit} of byte ${at}`)
    found[told === 'damaged' ? 'damaged' : 'harmless'] += 1
  }
  t.diagnostic(`${found.damaged} flips were found, ${found.harmless} changed nothing, in ${size} bytes`)
  assert.ok(found.damaged > 50)
})

test('whatever a file is cut to, the damage is found', async (t) => {
  const below = random(t)
  const data = directory()
  {
    await using outbox = openIn(data)
    await fill(outbox as SqliteOutbox, 20)
  }
  const { size } = statSync(join(data, 'carillon.db'))
  const whole = await readWhole(copyOf(data))
  for (const left of [
    1,
    99,
    4095,
    4096,
    size - 4096,
    size - 1,
    ...Array.from({ length: 15 }, () => 1 + below(size - 1)),
  ]) {
    const copy = copyOf(data)
    truncateSync(join(copy, 'carillon.db'), left)
    const told = await read(copy)
    // The last byte may be one of a page that holds nothing there.
    if (told !== 'damaged') assertSame(told, whole, `cut to ${left} of ${size}`)
  }
})

/** Where a volume is small, its log is short, and often taken into the file. */
const places: [name: string, make: () => string | undefined][] = [
  ['before it was ever taken in', directory],
  ['between the times that it is taken in', () => small(8 * 2 ** 20)],
]
for (const [when, make] of places) {
  test(`a log that is cut or flipped takes back the newest commits, whole, the cursor with them: ${when}`, async (t) => {
    const below = random(t)
    const data = make()
    if (data === undefined) return t.skip('no file system can be mounted here')
    /** What the outbox told after each commit: one of these it has to tell. */
    const lives: { copy: string; batch: number }[] = []
    {
      await using outbox = openIn(data)
      await fill(outbox as SqliteOutbox, 30, (batch) => {
        if (batch % 3 === 2) lives.push({ copy: copyOf(data), batch })
      })
    }
    const states = new Map<string, string[]>()
    for (const { copy } of lives) {
      const told = await read(copyOf(copy))
      assert.notEqual(told, 'damaged')
      states.set(cursorOf(told as string[]), told as string[])
    }
    let back = 0
    for (let n = 0; n < 60; n += 1) {
      const { copy: from, batch } = lives[below(lives.length)] as { copy: string; batch: number }
      const copy = copyOf(from)
      const log = join(copy, 'carillon.db-wal')
      assert.ok(existsSync(log))
      const { size } = statSync(log)
      const at = below(size)
      const how = `commit ${batch}, log ${n % 2 === 0 ? 'cut' : 'flipped'} at ${at} of ${size}`
      if (n % 2 === 0) truncateSync(log, at)
      else flip(log, at, below(8))
      const told = await read(copy)
      assert.ok(told !== 'damaged', how)
      const cursor = cursorOf(told)
      assert.ok(cursor === '' || Number(cursor) <= batch, `cursor ${cursor}: ${how}`)
      if (cursor !== `${batch}`) back += 1
      // Nothing of a commit without the rest of it: what the cursor says was read has its records and rows, or they were settled.
      const known = told.filter((line) => line.startsWith('record '))
      assert.equal(known.length, cursor === '' ? 0 : (Number(cursor) + 1) * 4, how)
      const same = states.get(cursor)
      if (same) assertSame(told.filter(isCommitted), same.filter(isCommitted), how)
    }
    t.diagnostic(`${back} times an earlier state came back`)
    assert.ok(back > 10)
  })
}

const cursorOf = (told: readonly string[]): string => {
  const line = told.find((one) => one.startsWith('cursors ')) ?? 'cursors []'
  return (JSON.parse(line.slice(8)) as [string, string][])[0]?.[1] ?? ''
}

/** What a settlement after the commit does not change. */
const isCommitted = (line: string): boolean => line.startsWith('record ') || line.includes('"sink":"ns/sink"')

/** Fails with the first lines that differ: all of them would be too many to read. */
function assertSame(told: readonly string[], expected: readonly string[], how: string): void {
  const [have, want] = [new Set(told), new Set(expected)]
  const brief = (lines: Iterable<string>) => [...lines].slice(0, 3).map((line) => line.slice(0, 200))
  assert.deepEqual(
    { more: brief(have.difference(want)), less: brief(want.difference(have)), lines: told.length },
    { more: [], less: [], lines: expected.length },
    how,
  )
}
