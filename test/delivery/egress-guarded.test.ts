import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EgressPolicy } from '../../src/api/policy.ts'
import { compileEgress } from '../../src/delivery/egress.ts'
import { compileHosts, compileNoProxy, isInnerName } from '../../src/delivery/hosts.ts'
import { insideOf } from '../../src/delivery/inside.ts'
import { clusterDomains, readResolvConf } from '../../src/delivery/names.ts'

const said = (url: string, policy: Partial<EgressPolicy> = {}): string => {
  const egress = compileEgress({ allowCidrs: [], ...policy })
  assert.ok(egress.ok)
  const verdict = egress.value.check(url)
  return verdict.ok ? 'passed' : verdict.reason
}

describe('ports', () => {
  it('0 is none', () => assert.equal(said('http://example.com:0/'), 'PortRefused'))

  for (const port of [22, 23, 25, 53, 110, 143, 2379, 2380, 1720, 1723, 3306, 5432, 6379, 6443, 10250, 10255, 27017])
    it(`${port} is refused, unless it is allowed`, () => {
      assert.equal(said(`http://example.com:${port}/`), 'PortRefused')
      assert.equal(said(`https://example.com:${port}/`, { allowPorts: [22] }), port === 22 ? 'passed' : 'PortRefused')
      assert.equal(said(`http://example.com:${port}/`, { allowPorts: [port] }), 'passed')
    })

  for (const port of [80, 81, 443, 3000, 5000, 8000, 8080, 8443, 8888, 9000, 9090, 9443, 32_768, 65_535])
    it(`${port} is a receiver's`, () => assert.equal(said(`http://example.com:${port}/`), 'passed'))

  it('that go without saying are those of the scheme', () => {
    assert.equal(said('http://example.com/'), 'passed')
    assert.equal(said('https://example.com/'), 'passed')
  })
})

describe('a range that is allowed', () => {
  const all = ['0.0.0.0/0', '::/0', '10.0.0.0/8', '100.64.0.0/10', 'fc00::/7', '192.0.0.0/24', '64.0.0.0/2']
  const inner = [
    '127.0.0.1',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
  ]
  const inner6 = [
    '::1',
    '::',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd00:42::42',
    'fe80::1',
    'ff02::1',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::1',
    '::127.0.0.1',
  ]
  for (const address of [...inner, ...inner6.map((one) => `[${one}]`)])
    it(`does not open ${address} by being wide`, () =>
      assert.equal(said(`http://${address}/`, { allowCidrs: all }), 'AddressRefused'))

  for (const address of ['10.1.2.3', '192.168.1.1', '172.16.0.1', '100.64.0.1', '[fd00::1]'])
    it(`opens ${address}`, () => assert.equal(said(`http://${address}/`, { allowCidrs: all }), 'passed'))

  const exact = [
    ['127.0.0.1', '127.0.0.0/8'],
    ['127.0.0.1', '127.0.0.1/32'],
    ['169.254.169.254', '169.254.0.0/16'],
    ['169.254.10.1', '169.254.10.0/24'],
    ['100.100.100.200', '100.100.100.200/32'],
    ['168.63.129.16', '168.63.129.16/32'],
    ['[::1]', '::1/128'],
    ['[fd00:ec2::23]', 'fd00:ec2::/32'],
    ['[fe80::1]', 'fe80::/64'],
    ['[fd00:ec2::254]', 'fd00:ec2::254/128'],
  ] as const
  for (const [address, cidr] of exact)
    it(`opens ${address} where it is ${cidr}`, () =>
      assert.equal(said(`http://${address}/`, { allowCidrs: [cidr] }), 'passed'))
})

describe('names', () => {
  const inner = [
    'localhost',
    'LOCALHOST.',
    'a.localhost',
    'intranet',
    'hook.team-a.svc',
    'hook.team-a.svc.cluster.local',
  ]
  const dotted = ['localhost..', 'metadata..', 'hook.team-a.svc.cluster.local..', 'metadata.google.internal...']
  for (const host of [
    ...inner,
    ...dotted,
    'printer.local',
    'metadata.google.internal',
    'router.home.arpa',
    'hook.svc.',
  ])
    it(`${host} is of the inside: refused unasked, until the inside is allowed or the name is`, () => {
      assert.equal(isInnerName(host), true)
      assert.equal(said(`http://${host}/`), 'AddressRefused')
      assert.equal(said(`http://${host}/`, { allowHosts: [host] }), 'passed')
      assert.equal(said(`http://${host}/`, { allowCidrs: ['10.96.0.0/16'] }), 'passed')
    })

  for (const host of [
    'example.com',
    'svc.example.com',
    'local.example.com',
    'xn--bcher-kva.example',
    'localhost.example.com',
  ])
    it(`${host} is anybody's`, () => assert.equal(said(`http://${host}/`), 'passed'))

  it('are refused with both ways to allow them; of an address, a range alone is one', () => {
    const egress = compileEgress({ allowCidrs: [] })
    assert.ok(egress.ok)
    const message = (url: string) => {
      const verdict = egress.value.check(url)
      return verdict.ok ? '' : verdict.message
    }
    assert.match(message('http://hook.team-a.svc/'), /allow the name with --allow-host, or its range with --allow-cidr/)
    assert.match(message('http://10.0.0.1/'), /allow its range with --allow-cidr/)
    assert.doesNotMatch(message('http://10.0.0.1/'), /--allow-host/)
  })

  it('are allowed themselves, or with all below them, however they are spelt', () => {
    const allows = compileHosts(['Hooks.Example.com', '*.corp.example', 'bücher.example'])
    for (const host of ['hooks.example.com', 'HOOKS.EXAMPLE.COM.', 'a.corp.example', 'a.b.corp.example'])
      assert.equal(allows(host), true, host)
    assert.equal(allows('xn--bcher-kva.example'), true)
    for (const host of [
      'example.com',
      'a.hooks.example.com',
      'corp.example',
      'evilcorp.example',
      'hooks.example.com.evil',
    ])
      assert.equal(allows(host), false, host)
  })

  it('are left to go past the proxy as NO_PROXY of others has it', () => {
    const passes = compileNoProxy([
      'example.com',
      '.corp.example',
      '*.lan.example',
      '10.0.0.0/8',
      '192.168.0.7',
      'fd00::/8',
    ])
    for (const host of ['example.com', 'a.example.com', 'corp.example', 'a.corp.example', 'b.lan.example', '10.2.3.4'])
      assert.equal(passes(host), true, host)
    for (const host of ['192.168.0.7', 'fd00::1', 'EXAMPLE.com.']) assert.equal(passes(host), true, host)
    for (const host of ['notexample.com', '11.0.0.1', '192.168.0.8', 'example.org', 'fc00::1'])
      assert.equal(passes(host), false, host)
    assert.equal(compileNoProxy(['*'])('anything.example'), true)
    assert.equal(compileNoProxy([])('anything.example'), false)
  })
})

describe('a cluster that is not cluster.local', () => {
  const conf = 'search team-a.svc.K8s.corp.example. svc.K8s.corp.example. K8s.corp.example. office.example\n'
  const domains = clusterDomains(readResolvConf(conf))
  const check = (url: string, policy = {}) => {
    const egress = compileEgress({ allowCidrs: [], ...policy }, undefined, undefined, domains)
    assert.ok(egress.ok)
    const verdict = egress.value.check(url)
    return verdict.ok ? 'passes' : verdict.reason
  }
  it('is known by the search list', () => {
    assert.deepEqual(domains, ['k8s.corp.example'])
    assert.deepEqual(clusterDomains(readResolvConf('search office.example mysvc.example svc.\n')), [])
  })
  const table: [url: string, expected: string][] = [
    ['http://qe.team-a.svc.k8s.corp.example/', 'AddressRefused'],
    ['http://QE.pod.K8S.corp.example./', 'AddressRefused'],
    ['http://k8s.corp.example/', 'AddressRefused'],
    ['http://qe.team-a.svc.cluster.local/', 'AddressRefused'],
    ['http://hooks.corp.example/', 'passes'],
    ['http://notk8s.corp.example/', 'passes'],
    ['http://hooks.office.example/', 'passes'],
  ]
  for (const [url, expected] of table) it(`${url}: ${expected}`, () => assert.equal(check(url), expected))
  it('says how else a Service of the own namespace is named', () => {
    const egress = compileEgress({ allowCidrs: [] }, undefined, undefined, domains)
    assert.ok(egress.ok)
    const messageOf = (url: string) => {
      const verdict = egress.value.check(url)
      return verdict.ok ? 'passes' : verdict.message
    }
    const hint = /named by http\.serviceRef\.$/
    for (const host of ['qe.team-a.svc', 'qe.team-a.svc.k8s.corp.example', 'qe.team-a.svc.cluster.local.'])
      assert.match(messageOf(`http://${host}/`), hint)
    for (const host of ['localhost', '10.0.0.1', 'k8s.corp.example'])
      assert.doesNotMatch(messageOf(`http://${host}/`), hint)
  })
  it('lets names through that the administrator allows', () =>
    assert.equal(check('http://qe.k8s.corp.example/', { allowHosts: ['qe.k8s.corp.example'] }), 'passes'))
})

describe('the API server and the operator itself', () => {
  const places = [{ addresses: new Set(['127.0.0.1', '10.96.0.1']), port: 6444 }]
  const inside = insideOf(
    () => places,
    () => [9090],
  )
  const egress = compileEgress({ allowCidrs: ['127.0.0.0/8', '10.0.0.0/8', '::1/128'] }, undefined, inside)
  assert.ok(egress.ok)
  const { check } = egress.value
  for (const url of ['https://127.0.0.1:6444/', 'https://10.96.0.1:6444/', 'http://[::ffff:127.0.0.1]:6444/'])
    it(`${url} is refused, whatever is allowed`, () => assert.equal(check(url).ok, false))
  for (const url of ['http://127.0.0.1:9090/metrics', 'http://127.8.8.8:9090/', 'http://[::1]:9090/'])
    it(`${url} is refused, whatever is allowed`, () => assert.equal(check(url).ok, false))
  it('are refused by all ways to this machine, where even those are allowed', () => {
    const here = compileEgress({ allowCidrs: ['0.0.0.0/8', '127.0.0.0/8', '::/128', '::1/128'] }, undefined, inside)
    assert.ok(here.ok)
    for (const host of ['0.0.0.0', '0.1.2.3', '127.8.8.8', '[::]', '[::1]'])
      for (const port of [6444, 9090, 9091])
        assert.equal(here.value.check(`http://${host}:${port}/`).ok, port === 9091, `${host}:${port}`)
  })
  for (const url of ['http://127.0.0.1:9091/', 'http://10.96.0.2:6444/'])
    it(`${url} is not theirs`, () => assert.equal(check(url).ok, true))
  it('counts where the API server is now, and at all of its places by their own ports', () => {
    const [before, after] = ['https://10.1.0.1:443/', 'https://10.1.0.1:6444/']
    assert.deepEqual([check(before).ok, check(after).ok], [true, true])
    places.push({ addresses: new Set(['10.1.0.1']), port: 443 })
    assert.deepEqual([check(before).ok, check(after).ok], [false, true])
    places.pop()
    assert.equal(check(before).ok, true)
  })
})

describe('a proxy that makes no sense', () => {
  const table: [url: string, noProxy: string[], reason: string][] = [
    ['nonsense', [], 'InvalidURL'],
    ['socks5://proxy.example.com:1080', [], 'InvalidURL'],
    ['http://user:100%@proxy.example.com:3128', [], 'InvalidURL'],
    ['http://%zz@proxy.example.com:3128', [], 'InvalidURL'],
    ['http://proxy.example.com:3128', ['10.0.0.0/99'], 'InvalidCIDR'],
    ['http://proxy.example.com:3128', ['10.0.0.0/8/8'], 'InvalidCIDR'],
    ['http://proxy.example.com:3128', ['fd00::/x'], 'InvalidCIDR'],
  ]
  for (const [url, noProxy, reason] of table)
    it(`${url}, past it ${noProxy.join()}: ${reason}, without its password`, () => {
      const egress = compileEgress({ allowCidrs: [], proxy: { url, noProxy } })
      assert.equal(egress.ok ? 'passed' : egress.reason, reason)
      assert.doesNotMatch(JSON.stringify(egress), /100%|%zz/)
    })
})
