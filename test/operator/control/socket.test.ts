import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { accept, refuse } from '../../../src/api/verdict.ts'
import { ask, follow } from '../../../src/cli/socket.ts'
import type { ReplayLine } from '../../../src/operator/control/api.ts'
import { type Handlers, serveControl } from '../../../src/operator/control/socket.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'carillon-control-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const nothing = () => undefined
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing }

const serve = async (handlers: Handlers = {}, version = '1.0') => {
  const served = await serveControl({ directory, version, handlers, log: silent })
  return served.ok ? served.value : assert.fail(served.message)
}

const operator = () => ({ dataDir: directory, version: '1.0' })

test('a handler is given what was asked, and its answer comes back', async () => {
  await using _ = await serve({
    'GET /v1/things/*': ({ name, query }) => accept({ name, of: query.get('of') }),
    'POST /v1/things': ({ body }) => accept({ body }),
  })
  assert.deepEqual(await ask(operator(), 'GET', '/v1/things/a%2Fb?of=c'), { ok: true, value: { name: 'a/b', of: 'c' } })
  assert.deepEqual(await ask(operator(), 'POST', '/v1/things', { n: 1 }), { ok: true, value: { body: { n: 1 } } })
})

test('refusals come back as they are, and errors of the operator with their message', async () => {
  await using _ = await serve({
    'GET /v1/refused': () => refuse('SubscriptionNotFound', 'there is none'),
    'GET /v1/broken': () => {
      throw new Error('disk full')
    },
  })
  assert.deepEqual(await ask(operator(), 'GET', '/v1/refused'), refuse('SubscriptionNotFound', 'there is none'))
  assert.deepEqual(
    await ask(operator(), 'GET', '/v1/broken'),
    refuse('Unexpected', 'the operator could not do it: disk full'),
  )
})

test('a path that an operator of another version does not know says so', async () => {
  await using _ = await serve({}, '0.9')
  const answer = await ask(operator(), 'GET', '/v1/new')
  assert.deepEqual(
    answer,
    refuse(
      'OtherVersion',
      'the operator has version 0.9 and this program 1.0: use that of the operator (there is no GET /v1/new)',
    ),
  )
})

test('what is no JSON, or too much of it, is refused', async () => {
  await using _ = await serve({ 'POST /v1/things': ({ body }) => accept({ body }) })
  const large = await ask(operator(), 'POST', '/v1/things', { text: 'x'.repeat(1024 * 1024) })
  assert.deepEqual(large, refuse('RequestTooLarge', 'a request has at most 1048576 bytes'))
  const raw = await exchange('POST /v1/things HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\nconnection: close\r\n\r\n{')
  assert.match(raw, /^HTTP\/1\.1 400 /)
  assert.match(raw, /the request is no JSON/)
})

test('lines come one by one, and the last is the answer or the problem', async () => {
  await using _ = await serve({
    async 'POST /v1/replay'({ body, tell }) {
      for (const kind of ['A', 'B']) tell({ progress: { kind } })
      return (body as { well: boolean }).well ? accept({ events: 7 }) : refuse('Interrupted', 'interrupted')
    },
  })
  const heard: ReplayLine[] = []
  const last = await follow(operator(), '/v1/replay', { well: true }, (line) => heard.push(line))
  assert.deepEqual(last, { ok: true, value: { answer: { events: 7 } } })
  assert.deepEqual(heard, [{ progress: { kind: 'A' } }, { progress: { kind: 'B' } }])
  const failed = await follow(operator(), '/v1/replay', { well: false }, () => undefined)
  assert.deepEqual(failed, { ok: true, value: { problem: { reason: 'Interrupted', message: 'interrupted' } } })
})

test('a refusal before any line is one', async () => {
  await using _ = await serve({ 'POST /v1/replay': () => refuse('ReplayUnderWay', 'under way') })
  assert.deepEqual(await follow(operator(), '/v1/replay', {}, () => undefined), refuse('ReplayUnderWay', 'under way'))
})

test('a caller that goes away ends what it asked for', async () => {
  const begun = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  await using _ = await serve({
    async 'POST /v1/long'({ signal }) {
      signal.addEventListener('abort', () => ended.resolve())
      begun.resolve()
      await ended.promise
      return accept({})
    },
  })
  const socket = createConnection(join(directory, 'control.sock'))
  socket.write('POST /v1/long HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
  await begun.promise
  socket.destroy()
  await ended.promise
})

test('a stop ends what is under way, and takes the socket away', async () => {
  const begun = Promise.withResolvers<void>()
  const server = await serve({
    'POST /v1/long'({ signal }) {
      begun.resolve()
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => resolve(refuse('Interrupted', 'the operator stops'))),
      )
    },
  })
  const answer = ask(operator(), 'POST', '/v1/long', {})
  await begun.promise
  await server[Symbol.asyncDispose]()
  assert.deepEqual(await answer, refuse('Interrupted', 'the operator stops'))
  assert.equal(existsSync(join(directory, 'control.sock')), false)
})

test('the socket is for its owner alone, whatever the umask, and replaces one that was left behind', async () => {
  const left = join(directory, 'control.sock')
  // A process that is killed leaves its socket behind.
  const script = `require('node:http').createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, 'SIGKILL'))`
  assert.equal(spawnSync(process.execPath, ['-e', script]).signal, 'SIGKILL')
  assert.ok(statSync(left).isSocket())
  const refusedNow = await ask(operator(), 'GET', '/v1/version')
  assert.match(refusedNow.ok ? '' : refusedNow.message, /^no operator runs on .*: start it, or name its --data-dir/)
  const umask = process.umask(0)
  try {
    await using _ = await serve({ 'GET /v1/version': () => accept({ version: '1.0' }) })
    assert.equal(process.umask(), 0)
    assert.equal(statSync(left).mode & 0o777, 0o600)
    assert.deepEqual(await ask(operator(), 'GET', '/v1/version'), accept({ version: '1.0' }))
  } finally {
    process.umask(umask)
  }
})

test('where there can be no socket, both sides say why', async () => {
  const long = join(directory, 'x'.repeat(100))
  mkdirSync(long)
  const served = await serveControl({ directory: long, version: '1.0', handlers: {}, log: silent })
  assert.match(served.ok ? '' : served.message, /longer than the 107 bytes .*: choose a shorter --data-dir/)
  const asked = await ask({ dataDir: long, version: '1.0' }, 'GET', '/v1/version')
  assert.match(asked.ok ? '' : asked.message, /longer than the 107 bytes/)

  const taken = join(directory, 'taken')
  mkdirSync(join(taken, 'control.sock'), { recursive: true })
  const blocked = await serveControl({ directory: taken, version: '1.0', handlers: {}, log: silent })
  assert.match(blocked.ok ? '' : blocked.message, /control\.sock can't be made: /)
})

test('where no operator runs, the caller is told what to do', async () => {
  const message = async (dataDir: string) => {
    const asked = await ask({ dataDir, version: '1.0' }, 'GET', '/v1/version')
    return asked.ok ? assert.fail('answered') : asked.message
  }
  assert.match(await message(directory), /^no operator runs on .*: start it, or name its --data-dir/)
  assert.match(await message(join(directory, 'nowhere')), /^no operator runs on /)
  writeFileSync(join(directory, 'control.sock'), '')
  assert.match(await message(directory), /^no operator runs on /)
})

const isRoot = process.geteuid?.() === 0

test('another user is told that the socket is not for him', {
  skip: !isRoot && 'only root can be somebody else',
}, async () => {
  await using _ = await serve()
  process.seteuid?.(65534)
  try {
    const asked = await ask(operator(), 'GET', '/v1/version')
    assert.match(
      asked.ok ? '' : asked.message,
      /^permission denied: .*control\.sock is for the operator's own user only, uid 0$/,
    )
  } finally {
    process.seteuid?.(0)
  }
})

test('an answer that breaks off, or is none, is told as that', async () => {
  const path = join(directory, 'control.sock')
  let behave: 'cut' | 'text' = 'cut'
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    if (behave === 'text') response.end('hello')
    else response.write('{"progress":{}}\n', () => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  try {
    const cut = await follow(operator(), '/v1/replay', {}, () => undefined)
    assert.match(cut.ok ? '' : cut.message, /broke off|ended before it was done/)
    behave = 'text'
    const text = await ask(operator(), 'GET', '/v1/version')
    assert.match(text.ok ? '' : text.message, /^the operator's answer broke off: /)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

/** Sends bytes as they are; gives all that comes back. */
function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(join(directory, 'control.sock'))
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => resolve(Buffer.concat(chunks).toString()))
    socket.on('error', reject)
    socket.write(bytes)
  })
}
