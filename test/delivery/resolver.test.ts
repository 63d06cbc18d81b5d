import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { classify } from '../../src/delivery/failure.ts'
import { candidates, readHosts, readResolvConf } from '../../src/delivery/names.ts'
import { createResolver, keptAddresses } from '../../src/delivery/resolver.ts'
import { startSink } from '../controlplane/sink.ts'
import { startDns, type Zone } from './dns.ts'
import { eventOf } from './events.ts'
import { open, sendTo, summary } from './transports/sending.ts'

const one = (address: string): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })

describe('names', () => {
  const search = { domains: ['team-a.svc.cluster.local', 'cluster.local'], ndots: 5 }
  const table: [host: string, search: typeof search, expected: string[]][] = [
    ['qe', search, ['qe.team-a.svc.cluster.local', 'qe.cluster.local', 'qe']],
    ['qe.example.com.', search, ['qe.example.com']],
    ['a.b.c.d.e.f', search, ['a.b.c.d.e.f', 'a.b.c.d.e.f.team-a.svc.cluster.local', 'a.b.c.d.e.f.cluster.local']],
    ['qe.example.com', { domains: [], ndots: 1 }, ['qe.example.com']],
  ]
  for (const [host, list, expected] of table) {
    it(`${host}, ndots ${list.ndots}: ${expected.length} to ask for`, () => {
      assert.deepEqual(candidates(host, list), expected)
    })
  }

  it('resolv.conf: the last search list, ndots, and comments', () => {
    const text =
      'domain a.example\nsearch b.example. c.example # no more\noptions timeout:1 ndots:5\n; x\nnameserver 1.1.1.1'
    assert.deepEqual(readResolvConf(text), { domains: ['b.example', 'c.example'], ndots: 5 })
    assert.deepEqual(readResolvConf('options ndots:99 ndots:no'), { domains: [], ndots: 15 })
    assert.deepEqual(readResolvConf('\0\x01 garbage\n\n'), { domains: [], ndots: 1 })
  })

  it('hosts: IPv4 first, in any case of letters, and localhost in any event', () => {
    const hosts = readHosts('fd00::1 qe\n10.0.0.1 QE qe.example # x\nno-address qe\n')
    assert.deepEqual(hosts.get('qe'), [one('10.0.0.1'), one('fd00::1')])
    assert.deepEqual(hosts.get('qe.example'), [one('10.0.0.1')])
    assert.deepEqual(hosts.get('localhost'), [one('127.0.0.1'), one('::1')])
  })
})

describe('the resolver', () => {
  type Files = { hosts?: string; conf?: string; timeoutMs?: number }

  async function resolving(zone: Zone, files: Files = {}) {
    const dns = await startDns(zone)
    const directory = mkdtempSync(join(tmpdir(), 'carillon-names-'))
    const [hostsFile, resolvConf] = [join(directory, 'hosts'), join(directory, 'resolv.conf')]
    writeFileSync(hostsFile, files.hosts ?? '')
    writeFileSync(resolvConf, files.conf ?? '')
    const { timeoutMs = 5000 } = files
    const resolve = createResolver({ servers: [dns.address], hostsFile, resolvConf, timeoutMs })
    return {
      dns,
      resolve,
      lookup: (host: string) =>
        new Promise<LookupAddress[]>((done, fail) =>
          resolve(host, (error, addresses) => (error ? fail(error) : done(addresses))),
        ),
      failure: (host: string) =>
        new Promise<NodeJS.ErrnoException>((done, fail) =>
          resolve(host, (error) => (error ? done(error) : fail(new Error('it was resolved')))),
        ),
      async [Symbol.asyncDispose]() {
        await dns[Symbol.asyncDispose]()
        rmSync(directory, { recursive: true })
      },
    }
  }

  it('gives the addresses of both families, IPv4 first', async () => {
    await using at = await resolving((_name, family) => (family === 4 ? ['127.0.0.2', '127.0.0.3'] : ['::1']))
    assert.deepEqual(await at.lookup('qe.example'), [one('127.0.0.2'), one('127.0.0.3'), one('::1')])
  })

  it('keeps so many of a name that has more', async () => {
    const many = Array.from({ length: 200 }, (_, n) => `127.0.0.${n + 1}`)
    await using at = await resolving((_name, family) => (family === 4 ? many : ['::1']))
    assert.deepEqual(await at.lookup('qe.example'), [...many.slice(0, keptAddresses), '::1'].map(one))
  })

  it('does not wait for a family that does not answer', async () => {
    await using at = await resolving((_name, family) => (family === 4 ? ['127.0.0.2'] : 'hang'))
    assert.deepEqual(await at.lookup('qe.example'), [one('127.0.0.2')])
  })

  it('gives those of the one family where the other has none, or fails', async () => {
    for (const other of [[], 'NXDOMAIN', 'SERVFAIL'] as const) {
      await using at = await resolving((_name, family) => (family === 6 ? ['::1'] : other))
      assert.deepEqual(await at.lookup('qe.example'), [one('::1')])
    }
  })

  it('follows the search list, and asks for a whole name as it is', async () => {
    const conf = 'search team-a.svc.cluster.local svc.cluster.local\noptions ndots:5\n'
    const zone: Zone = (name, family) =>
      name === 'qe.team-b.svc.cluster.local' && family === 4 ? ['127.0.0.2'] : 'NXDOMAIN'
    await using at = await resolving(zone, { conf })
    assert.deepEqual(await at.lookup('qe.team-b'), [one('127.0.0.2')])
    assert.deepEqual(
      new Set(at.dns.asked.map((asked) => asked.split(' ')[0])),
      new Set(['qe.team-b.team-a.svc.cluster.local', 'qe.team-b.svc.cluster.local']),
    )
    await assert.rejects(at.lookup('qe.team-b.'), { code: 'ENOTFOUND' })
  })

  it('asks nobody for what is in the hosts file', async () => {
    await using at = await resolving(() => 'hang', { hosts: '127.0.0.9 qe.example' })
    assert.deepEqual(await at.lookup('QE.example.'), [one('127.0.0.9')])
    assert.deepEqual(await at.lookup('localhost'), [one('127.0.0.1'), one('::1')])
    assert.deepEqual(at.dns.asked, [])
  })

  it('asks once for a name, however many want it', async () => {
    await using at = await resolving((_name, family) => (family === 4 ? ['127.0.0.2'] : []))
    await Promise.all(Array.from({ length: 50 }, () => at.lookup('qe.example')))
    assert.equal(at.dns.asked.length, 2)
    await at.lookup('qe.example')
    assert.equal(at.dns.asked.length, 4)
  })

  const failures: [zone: Zone, code: string, kind: string][] = [
    [() => 'NXDOMAIN', 'ENOTFOUND', 'HostNotFound'],
    [() => [], 'ENODATA', 'HostNotFound'],
    [() => 'SERVFAIL', 'ESERVFAIL', 'DNSFailed'],
    [(_name, family) => (family === 4 ? 'NXDOMAIN' : 'SERVFAIL'), 'ESERVFAIL', 'DNSFailed'],
    [(name) => (name.startsWith('qe.example.') ? 'SERVFAIL' : 'NXDOMAIN'), 'ESERVFAIL', 'DNSFailed'],
    [() => 'hang', 'ETIMEOUT', 'DNSFailed'],
  ]
  for (const [zone, code, kind] of failures) {
    it(`${code}: ${kind}`, async () => {
      await using at = await resolving(zone, { conf: 'search one.example\n', timeoutMs: 50 })
      const error = await at.failure('qe.example')
      assert.equal(error.code, code)
      assert.equal(classify(error).class, kind)
    })
  }

  it('a server that is not there is no fault of the sink', async () => {
    const at = await resolving(() => [])
    await at[Symbol.asyncDispose]()
    const error = await at.failure('qe.example')
    assert.equal(classify(error).class, 'DNSFailed')
  })

  it('sinks whose names hang hold up no others, neither by name nor by address', async () => {
    await using sink = await startSink()
    await using at = await resolving((name, family) =>
      name.startsWith('hung') ? 'hang' : family === 4 ? ['127.0.0.1'] : [],
    )
    const calledOff = new AbortController()
    const hung = Array.from({ length: 20 }, (_, n) =>
      open(`http://hung-${n}.example:1/`, { namespace: `team-${n % 2}` }, at.resolve),
    )
    const stuck = hung.map((transport) => transport.send(eventOf('1'), { headers: {}, signal: calledOff.signal }))
    await at.dns.questions(40)
    assert.equal(summary(await sendTo(`http://well.example:${sink.port}/`, { namespace: 'team-9' }, at.resolve)), 204)
    assert.equal(summary(await sendTo(sink.url, {}, at.resolve)), 204)
    calledOff.abort()
    for (const answer of await Promise.all(stuck)) assert.match(String(summary(answer)), /^Aborted/)
    await Promise.all(hung.map((transport) => transport[Symbol.asyncDispose]()))
  })
})
