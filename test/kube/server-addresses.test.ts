import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { serverAddresses, serversOf } from '../../src/kube/server-addresses.ts'

describe('the addresses of the API server', () => {
  /** A name whose answers are told one by one; `next` resolves once so many questions were answered. */
  function zone(answers: (readonly string[] | Error)[]) {
    let asked = 0
    let told: (() => void)[] = []
    return {
      resolve: async () => {
        const answer = answers[Math.min(asked, answers.length - 1)] ?? []
        asked += 1
        for (const tell of told.splice(0)) setImmediate(tell)
        if (answer instanceof Error) throw answer
        return answer.map((address) => ({ address }))
      },
      async asked(times: number) {
        while (asked < times) await new Promise<void>((resolve) => told.push(resolve))
        told = []
      },
    }
  }
  const plain = (places: readonly { addresses: ReadonlySet<string>; port: number }[]) =>
    places.map(({ addresses, port }) => [[...addresses], port])

  it('literals and default ports need no resolving', async () => {
    using known = await serverAddresses(['https://10.96.0.1', 'https://[fd00::1]:6443/', 'http://127.0.0.1:8080'])
    assert.deepEqual(plain(known.places()), [
      [['10.96.0.1'], 443],
      [['fd00::1'], 6443],
      [['127.0.0.1'], 8080],
    ])
  })

  it('a name that moves is followed; what it had is forgotten in time', async () => {
    const { asked, resolve } = zone([['10.0.0.1'], ['10.0.0.2'], ['10.0.0.2']])
    let at = 0
    const now = () => at
    using known = await serverAddresses(['https://api.example:6443'], { resolve, everyMs: 1, keptMs: 100, now })
    assert.deepEqual(plain(known.places()), [[['10.0.0.1'], 6443]])
    await asked(2)
    assert.deepEqual(plain(known.places()), [[['10.0.0.1', '10.0.0.2'], 6443]])
    at = 200
    await asked(6)
    assert.deepEqual(plain(known.places()), [[['10.0.0.2'], 6443]])
  })

  it('a lookup that fails at first is tried again soon, and one that fails later takes nothing away', async () => {
    const away = new Error('EAI_AGAIN')
    const { asked, resolve } = zone([away, away, ['10.0.0.1'], away])
    using known = await serverAddresses(['https://api.example'], { resolve, soonMs: 1, everyMs: 1 })
    assert.deepEqual(plain(known.places()), [[[], 443]])
    await asked(6)
    assert.deepEqual(plain(known.places()), [[['10.0.0.1'], 443]])
  })

  it('what the pod is told of the API server counts besides the URL that is used', () => {
    const server = 'https://api.example:6443'
    assert.deepEqual(serversOf(server, {}), [server])
    assert.deepEqual(serversOf(server, { service: { host: '10.96.0.1', port: '443' } }), [server, 'https://10.96.0.1/'])
    assert.deepEqual(serversOf(server, { service: { host: 'fd00::1', port: '8443' } }), [
      server,
      'https://[fd00::1]:8443/',
    ])
    assert.deepEqual(serversOf(server, { service: { host: 'no host', port: '1' } }), [server])
  })
})
