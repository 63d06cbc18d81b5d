import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { classify } from '../../src/delivery/failure.ts'
import { lookupBounds, lookupTurns } from '../../src/delivery/lookup-turns.ts'
import { createResolver } from '../../src/delivery/resolver.ts'
import { startDns } from './dns.ts'

describe('lookups take turns', () => {
  function turns(bounds: Partial<typeof lookupBounds>) {
    const begun: string[] = []
    const ends = new Map<string, () => void>()
    const lookup = (host: string) => {
      begun.push(host)
      return new Promise<string>((resolve) => ends.set(host, () => resolve(host)))
    }
    const ask = lookupTurns(lookup, () => new Error('late'), { ...lookupBounds, waitMs: 60_000, ...bounds })
    return { begun, ask, end: (host: string) => ends.get(host)?.() }
  }

  it('a namespace has no more under way than it may; the next begins when one has ended', async () => {
    const { ask, begun, end } = turns({ perNamespace: 2 })
    const first = ask('a1', 'a')
    const rest = ['a2', 'a3', 'a4'].map((host) => ask(host, 'a'))
    assert.deepEqual(begun, ['a1', 'a2'])
    const other = ask('b1', 'b')
    assert.deepEqual(begun, ['a1', 'a2', 'b1'])
    end('a1')
    assert.equal(await first, 'a1')
    assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3'])
    for (const host of ['a2', 'a3', 'b1']) end(host)
    await other
    await rest[1]
    end('a4')
    assert.deepEqual(await Promise.all(rest), ['a2', 'a3', 'a4'])
  })

  it('in all: the last quarter is for namespaces that have none, and the one with the fewest comes first', async () => {
    const { ask, begun, end } = turns({ perNamespace: 10, inAll: 8 })
    const asked = [
      ...[1, 2, 3, 4, 5, 6, 7].map((n) => ask(`a${n}`, 'a')),
      ask('b1', 'b'),
      ask('c1', 'c'),
      ask('c2', 'c'),
      ask('d1', 'd'),
    ]
    assert.deepEqual(begun, ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'b1', 'c1'])
    end('a1')
    await asked[0]
    assert.equal(begun.at(-1), 'd1')
    for (const host of ['a2', 'a3', 'a4']) {
      end(host)
      await asked[Number(host[1]) - 1]
    }
    assert.deepEqual(begun.slice(9), ['c2'])
    for (const host of ['a5', 'a6', 'b1', 'c1', 'd1', 'c2']) end(host)
    await Promise.all([asked[4], asked[5], asked[9]])
    end('a7')
    await Promise.all(asked)
  })

  it('a name that is under way is waited for without a place, also in another namespace', async () => {
    const { ask, begun, end } = turns({ perNamespace: 1 })
    const one = ask('x', 'a')
    const blocked = ask('y', 'b')
    const same = [ask('x', 'b'), ask('x', 'a'), ask('z', 'a'), ask('z', 'a')]
    assert.deepEqual(begun, ['x', 'y'])
    for (const host of ['x', 'y']) end(host)
    assert.deepEqual(await Promise.all([one, blocked, same[0], same[1]]), ['x', 'y', 'x', 'x'])
    end('z')
    assert.deepEqual(await Promise.all(same.slice(2)), ['z', 'z'])
    assert.deepEqual(begun, ['x', 'y', 'z'])
  })

  it('a lookup that fails gives its place away', async () => {
    const ask = lookupTurns<string>(
      async (host) => (host === 'bad' ? Promise.reject(new Error('bad')) : host),
      () => new Error('late'),
      { ...lookupBounds, perNamespace: 1 },
    )
    const [bad, good] = [ask('bad', 'a'), ask('good', 'a')]
    await assert.rejects(bad, /bad/)
    assert.equal(await good, 'good')
  })
})

describe('a DNS server that never answers', () => {
  const bounds = { perNamespace: 16, inAll: 64, waitMs: 300 }

  async function resolving() {
    const dns = await startDns((name, family) => {
      if (name.startsWith('hung')) return 'hang'
      return family === 4 ? ['127.0.0.2'] : []
    })
    const files = { hostsFile: '/nonexistent', resolvConf: '/nonexistent' }
    const resolve = createResolver({ servers: [dns.address], ...files, timeoutMs: 500, bounds })
    const ask = (host: string, namespace: string) =>
      new Promise<Error | string>((done) =>
        resolve(host, (error, [found]) => done(error ?? found?.address ?? ''), namespace),
      )
    const hung = () => new Set(dns.asked.map((asked) => asked.split(' ')[0]).filter((name) => name?.startsWith('hung')))
    return { ask, hung, [Symbol.asyncDispose]: () => dns[Symbol.asyncDispose]() }
  }

  it('1 000 names of a namespace: so many are asked for as it may, and those of others at once', async () => {
    await using at = await resolving()
    const asked = Array.from({ length: 1000 }, (_, n) => at.ask(`hung-${n}.example`, 'loud'))
    assert.equal(await at.ask('well.example', 'quiet'), '127.0.0.2')
    assert.equal(at.hung().size, bounds.perNamespace)
    for (const error of await Promise.all(asked)) {
      assert.equal(classify(error).class, 'DNSFailed')
      assert.equal((error as NodeJS.ErrnoException).code, 'ETIMEOUT')
    }
  })

  it('1 000 names of ten namespaces: fewer than there are places, and those of an eleventh at once', async () => {
    await using at = await resolving()
    const asked = Array.from({ length: 1000 }, (_, n) => at.ask(`hung-${n}.example`, `loud-${n % 10}`))
    assert.equal(await at.ask('well.example', 'quiet'), '127.0.0.2')
    assert.equal(at.hung().size, bounds.inAll * 0.75)
    for (const error of await Promise.all(asked)) assert.equal(classify(error).class, 'DNSFailed')
  })
})
