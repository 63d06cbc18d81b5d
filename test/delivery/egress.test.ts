import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Answer } from '../../src/delivery/attempt.ts'
import { compileEgress, type Egress, type Resolve } from '../../src/delivery/egress.ts'
import { httpTransport } from '../../src/delivery/transports/http.ts'
import { eventOf } from './events.ts'

const egress = (allowCidrs: string[] = [], resolve?: Resolve): Egress => {
  const verdict = compileEgress({ allowCidrs }, resolve)
  assert.ok(verdict.ok)
  return verdict.value
}

/** Addresses that are never reached without an admin's word. */
const refusedAddresses = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.100.100.200',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '0:0:0:0:0:ffff:169.254.169.254',
  '::ffff:10.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:0:7f00:1::',
  '2001:2::1',
  '2001:10::1',
  '2001:20::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2002:a9fe:a9fe::1',
  '3fff::1',
  '3fff:fff:ffff::1',
  '5f00::1',
  'fc00::1',
  'fd00:ec2::254',
  'fdff::1',
  'fe80::1',
  'fe80::1%lo',
  'febf::1',
  'fec0::1',
  'ff02::1',
  'ff0e::1',
]

const publicAddresses = [
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.0.1.1',
  '192.167.1.1',
  '198.17.1.1',
  '198.20.0.1',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450::1',
  '2001:200::1',
  '2003::1',
  '::ffff:1.1.1.1',
]

/** Ways in which a URL may spell an address that is refused. */
const spellings = [
  'http://127.0.0.1/',
  'http://127.0.0.1.:80/',
  'http://127.1/',
  'http://127.0.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0x7f.1/',
  'http://0177.0.0.1/',
  'http://017700000001/',
  'http://0x7f.0x0.0x0.0x1/',
  'http://127.0.0.0x1/',
  'http://①②⑦.⓪.⓪.①/',
  'http://127。0。0。1/',
  'http://%31%32%37.0.0.1/',
  'http://0/',
  'http://0x0/',
  'http://169.254.169.254/latest/meta-data/',
  'http://0xa9fea9fe/',
  'http://2852039166/',
  'http://0251.0376.0251.0376/',
  'http://[::1]/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[0:0:0:0:0:FFFF:A9FE:A9FE]/',
  'http://[::127.0.0.1]/',
  'http://[fd00:ec2::254]/',
  'http://[64:ff9b::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'http:127.0.0.1/',
  'http:\\\\127.0.0.1\\',
  'http:///127.0.0.1/',
  ' http://127.0.0.1/',
  'http://127.0.0.1#@example.com/',
  'http://127.0.0.1\\@example.com/',
  'HTTP://1\t27.0.0.1/',
]

describe('addresses that the egress guard refuses', () => {
  const { check } = egress()
  for (const url of spellings) {
    it(`in the URL ${JSON.stringify(url)}`, () => {
      const verdict = check(url)
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, 'AddressRefused')
      assert.match(verdict.message, /--allow-cidr/)
    })
  }

  for (const address of refusedAddresses.filter((one) => !one.includes('%'))) {
    it(`the literal ${address}`, () => {
      const verdict = check(`https://${address.includes(':') ? `[${address}]` : address}/hook`)
      assert.equal(verdict.ok ? 'passed' : verdict.reason, 'AddressRefused')
    })
  }

  it('but not public ones', () => {
    for (const address of publicAddresses) {
      assert.equal(check(`https://${address.includes(':') ? `[${address}]` : address}/hook`).ok, true, address)
    }
  })
})

describe('URLs that are no sink', () => {
  const { check } = egress()
  const table = [
    '',
    'example.com',
    '/hook',
    '//example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'javascript:1',
    'https://',
    'http://a b/',
    'http://[::1',
    'http://256.256.256.256/',
    'http://user@example.com/',
    'https://user:secret-word@example.com/',
    'https://:secret-word@example.com/',
    'gopher://127.0.0.1/',
    'http://example.com:99999/',
  ]
  for (const url of table) {
    it(JSON.stringify(url), () => {
      const verdict = check(url)
      assert.equal(verdict.ok ? 'passed' : verdict.reason, 'InvalidURL')
      assert.ok(!JSON.stringify(verdict).includes('secret-word'))
    })
  }
})

describe('--allow-cidr', () => {
  const bad = [
    '',
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0/8',
    'fd00::/129',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/a',
    'localhost/8',
    '::ffff:10.0.0.0/104',
    '10.0.0.0/ 8',
  ]
  for (const cidr of bad) {
    it(`refuses ${JSON.stringify(cidr)}, and says what a CIDR is`, () => {
      const verdict = compileEgress({ allowCidrs: ['10.0.0.0/8', cidr] })
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, 'InvalidCIDR')
      assert.match(verdict.message, /such as 10\.0\.0\.0\/8/)
    })
  }

  it('lets through what it names and nothing beside it, mapped forms included', () => {
    const { check } = egress(['127.0.0.1/32', '10.1.0.0/16', 'fd00:1::/32'])
    for (const host of ['127.0.0.1', '10.1.255.255', '[::ffff:127.0.0.1]', '[fd00:1::5]', '2130706433'])
      assert.equal(check(`http://${host}/`).ok, true, host)
    for (const host of ['127.0.0.2', '10.2.0.0', '[::1]', '[fd00:2::1]', '[::ffff:10.2.0.1]', '169.254.169.254'])
      assert.equal(check(`http://${host}/`).ok, false, host)
  })
})

describe('addresses that a name resolves to', () => {
  let hits = 0
  const server = createServer((_request, response) => {
    hits += 1
    response.writeHead(204).end()
  })
  let port = 0
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  after(() => server.close())

  const family = (address: string) => (address.includes(':') ? 6 : 4)
  const answering = (...answers: string[][]): Resolve & { asked: number } => {
    const resolve = (_host: string, callback: (error: Error | null, addresses: LookupAddress[]) => void) => {
      const answer = answers[Math.min(resolve.asked, answers.length - 1)] ?? []
      resolve.asked += 1
      setImmediate(() =>
        callback(
          null,
          answer.map((address) => ({ address, family: family(address) })),
        ),
      )
    }
    resolve.asked = 0
    return resolve
  }

  async function send(allow: string[], resolve: Resolve, times = 1): Promise<Answer[]> {
    const url = `http://sink.example:${port}/hook`
    const answers: Answer[] = []
    await using transport = httpTransport({
      url,
      mode: 'binary',
      timeoutMs: 5000,
      connections: 1,
      egress: egress(allow, resolve),
    })
    for (let n = 0; n < times; n += 1)
      answers.push(await transport.send(eventOf('1'), { headers: {}, signal: new AbortController().signal }))
    return answers
  }

  for (const address of refusedAddresses) {
    it(`${address} is not dialled`, async () => {
      const [answer] = await send([], answering([address]))
      assert.ok(answer?.kind === 'failure')
      assert.equal(answer.class, 'AddressRefused')
      assert.match(answer.message, /sink\.example .*--allow-cidr/)
      assert.ok(!answer.message.includes(address), 'the address would be an oracle')
    })
  }

  it('all of them are refused when none is left, and nothing was reached', async () => {
    const [answer] = await send([], answering(refusedAddresses.filter((one) => !one.includes('%'))))
    assert.equal(answer?.kind === 'failure' && answer.class, 'AddressRefused')
    assert.equal(hits, 0)
  })

  it('the allowed one among them is dialled', async () => {
    const [answer] = await send(['127.0.0.1/32'], answering(['169.254.169.254', '10.0.0.1', '127.0.0.1']))
    assert.equal(answer?.kind === 'response' && answer.status, 204)
    assert.equal(hits, 1)
  })

  it('a name is resolved once for a connection: what was judged is what is dialled', async () => {
    const flip = answering(['127.0.0.1'], ['127.0.0.2'])
    const before = hits
    const [first] = await send(['127.0.0.1/32'], flip)
    assert.equal(first?.kind === 'response' && first.status, 204)
    assert.equal(flip.asked, 1)
    assert.equal(hits, before + 1)
  })

  it('a name that flips between two connections is judged again', async () => {
    const flip = answering(['127.0.0.2'], ['127.0.0.1'])
    const before = hits
    const answers = await send(['127.0.0.2/32'], flip, 2)
    assert.deepEqual(
      answers.map((answer) => (answer.kind === 'failure' ? answer.class : answer.status)),
      ['ConnectionRefused', 'AddressRefused'],
    )
    assert.equal(hits, before)
  })

  it('the system resolver is guarded too: localhost', async () => {
    await using transport = httpTransport({
      url: `http://localhost:${port}/`,
      mode: 'binary',
      timeoutMs: 5000,
      connections: 1,
      egress: egress(),
    })
    const answer = await transport.send(eventOf('1'), { headers: {}, signal: new AbortController().signal })
    assert.equal(answer.kind === 'failure' && answer.class, 'AddressRefused')
  })
})
