import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CredentialSpec } from '../../src/delivery/credentials.ts'
import { readAccess } from '../../src/delivery/read-access.ts'
import { credentialLabel, type Secret } from '../../src/delivery/read-key.ts'
import { type SecretReader, secretReader } from '../../src/delivery/secrets.ts'

const bearer: CredentialSpec = { auth: { bearer: { secretRef: { name: 'qe' } } } }
const hidden = 'hunter2-secret-value'
const secret = (name: string, token: string): Secret => ({
  metadata: { name, labels: { [credentialLabel]: 'true' } },
  data: { token: Buffer.from(token).toString('base64') },
})

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
      Buffer.from((await read('team-a', 'qe', fresh))?.data?.token ?? '', 'base64').toString()
    assert.deepEqual([await token(), await token()], ['1', '1'])
    now = 9_999
    assert.equal(await token(), '1')
    now = 10_000
    assert.equal(await token(), '2')
    assert.equal(await token(true), '3')
    assert.equal(await token(), '3')
    now = 5_000
    assert.equal(await token(), '4', 'the clock was set back')
    await read('team-b', 'qe')
    assert.equal(reads, 5)
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
    await Promise.all([read('a', 'b'), read('a', 'b'), read('a', 'b')])
    assert.equal(reads, 1)
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
