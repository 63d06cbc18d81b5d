import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CredentialSpec } from '../../src/delivery/credentials.ts'
import { readAccess } from '../../src/delivery/read-access.ts'
import { credentialLabel, type Secret } from '../../src/delivery/read-key.ts'
import { remembering, type SecretReader } from '../../src/delivery/secrets.ts'
import type { WantedOfSecret } from '../../src/delivery/wanted.ts'

const bearer: CredentialSpec = { auth: { bearer: { secretRef: { name: 'qe' } } } }
const hidden = 'hunter2-secret-value'
const secret = (name: string, token: string): Secret => ({
  metadata: { name, labels: { [credentialLabel]: 'true' } },
  data: { token: Buffer.from(token).toString('base64') },
})

/** A reader that remembers; `now` in ms. */
const secretReader = (read: (namespace: string, name: string) => Promise<Secret | undefined>, now: () => number) =>
  remembering(now)<Secret, WantedOfSecret>(read)
const wanted: WantedOfSecret = { keys: [['token', 10]], requireLabel: true }

const readers = (secret: SecretReader) => ({
  secret,
  configMap: async () => undefined,
  oauth2: () => assert.fail('oauth2'),
  serviceAccount: () => assert.fail('serviceAccount'),
})

describe('reading Secrets', () => {
  it('once in ten seconds, and at once when a fresh one is wanted', async () => {
    let [now, reads] = [0, 0]
    const read = secretReader(
      async (_namespace, name) => {
        reads += 1
        return secret(name, String(reads))
      },
      () => now,
    )
    const token = async (fresh = false) =>
      Buffer.from((await read('team-a', 'qe', wanted, fresh))?.data?.token ?? '', 'base64').toString()
    assert.deepEqual([await token(), await token()], ['1', '1'])
    now = 9_999
    assert.equal(await token(), '1')
    now = 10_000
    assert.equal(await token(), '2')
    assert.equal(await token(true), '3')
    assert.equal(await token(), '3')
    now = 5_000
    assert.equal(await token(), '4', 'the clock was set back')
    await read('team-b', 'qe', wanted)
    assert.equal(reads, 5)
  })

  it('counts how old it is from its turn on, for which it may wait long', async () => {
    let [now, reads] = [0, 0]
    const turn = Promise.withResolvers<void>()
    const read = remembering(() => now)<Secret, WantedOfSecret>(async (_namespace, name, _wanted, begins) => {
      await turn.promise
      begins()
      reads += 1
      return secret(name, 'a')
    })
    const first = read('team-a', 'qe', wanted)
    now = 60_000
    turn.resolve()
    await first
    now = 69_999
    await read('team-a', 'qe', wanted)
    assert.equal(reads, 1)
    now = 70_000
    await read('team-a', 'qe', wanted)
    assert.equal(reads, 2)
  })

  it('once where many ask at the same time', async () => {
    let reads = 0
    const read = secretReader(
      async () => {
        reads += 1
        return undefined
      },
      () => 0,
    )
    await Promise.all([read('a', 'b', wanted), read('a', 'b', wanted), read('a', 'b', wanted)])
    assert.equal(reads, 1)
  })

  it('apart where other keys are wanted of one, or it needs no label', async () => {
    const asked: WantedOfSecret[] = []
    const read = remembering(() => 0)<Secret, WantedOfSecret>(async (_namespace, name, wanted) => {
      asked.push(wanted)
      return secret(name, 't')
    })
    const others: WantedOfSecret[] = [wanted, { ...wanted, keys: [['key', 10]] }, { ...wanted, requireLabel: false }]
    for (const one of [...others, ...others]) await read('a', 'b', one)
    assert.deepEqual(asked, others)
  })

  it('once as long as that takes, where it has to wait for its turn', async () => {
    let [now, reads] = [0, 0]
    const answer = Promise.withResolvers<Secret>()
    const read = secretReader(
      () => {
        reads += 1
        return answer.promise
      },
      () => now,
    )
    const asked = [read('a', 'b', wanted)]
    now = 60_000
    asked.push(read('a', 'b', wanted))
    answer.resolve(secret('b', 't'))
    await Promise.all(asked)
    assert.equal(reads, 1)
    await read('a', 'b', wanted)
    assert.equal(reads, 2, 'it was asked for long ago')
  })

  it('again where there was no room for it: what its namespace did not use for longest goes first, then what nobody did', async () => {
    const reads: string[] = []
    const reader = remembering(() => 0, { perNamespace: 3_000, inAll: 5_000 })
    // With what stands around it, some 1 000 each.
    const read = reader<Secret, undefined>(async (namespace, name) => {
      reads.push(`${namespace}/${name}`)
      return { metadata: { name }, data: { token: 'x'.repeat(name === 'large' ? 4_000 : 400) } }
    })
    const all = async (...keys: string[]) => {
      reads.length = 0
      for (const key of keys) await read(...(key.split('/') as [string, string]), undefined)
      return reads
    }
    await all('b/1', 'a/1', 'a/2', 'a/3')
    assert.deepEqual(await all('a/1', 'a/2', 'a/3', 'b/1'), [])
    assert.deepEqual(await all('a/4', 'a/2', 'a/3', 'b/1', 'a/4', 'a/1'), ['a/4', 'a/1'])
    assert.deepEqual(await all('c/1', 'c/2', 'a/4', 'c/1', 'b/1', 'a/3'), ['c/1', 'c/2', 'a/3'])
    assert.deepEqual(await all('c/large', 'c/large'), ['c/large', 'c/large'], 'never')
  })

  it('again after a read that failed', async () => {
    let reads = 0
    const read = secretReader(
      async () => {
        reads += 1
        if (reads === 1) throw Object.assign(new Error(`forbidden: ${hidden}`), { status: 403 })
        return secret('qe', 't')
      },
      () => 0,
    )
    const options = { sink: 'qe', fresh: false, requireLabel: true, now: 0 }
    assert.deepEqual(await readAccess(bearer, 'team-a', readers(read), options), {
      ok: false,
      reason: 'SecretUnreadable',
      message: 'Secret qe in namespace team-a could not be read from the API server (HTTP 403); it is tried again.',
    })
    assert.deepEqual(await readAccess(bearer, 'team-a', readers(read), options), {
      ok: true,
      value: { headers: { authorization: 'Bearer t' }, tls: undefined, sign: undefined },
    })
  })

  it('none where none is needed', async () => {
    const read = () => assert.fail('read')
    assert.deepEqual(
      await readAccess({ headers: [{ name: 'X-A', value: '1' }] }, 'team-a', readers(read), {
        sink: 'qe',
        now: 0,
        fresh: true,
        requireLabel: true,
      }),
      {
        ok: true,
        value: { headers: { 'x-a': '1' }, tls: undefined, sign: undefined },
      },
    )
  })
})
