import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CertificateBounds, certificateBounds } from '../../src/delivery/certificate-bounds.ts'
import { CertificateStore } from '../../src/delivery/certificate-store.ts'
import { type Texts, weigh } from '../../src/delivery/certificates.ts'
import { compileTls } from '../../src/delivery/tls-material.ts'
import { certificate } from './certificates.ts'

const root = { name: 'Test CA', ...certificate({ name: 'Test CA', ca: true }) }
const one = certificate({ name: 'One CA', ca: true }).cert
/** `n` authorities; each `revision` is another form of them. */
const bundle = (n: number, revision: unknown = 0): Texts => ({ bundle: `# ${revision}\n${one.repeat(n)}` })
/** What so many authorities count as. */
const weightOf = (n: number) => n + 6

function store(bounds: Partial<CertificateBounds> = {}) {
  const clock = { ms: 0 }
  const certificates = new CertificateStore(() => clock.ms, { ...certificateBounds(256 * 2 ** 20), ...bounds })
  const bring = (sink: string, texts: Texts, asksOthers = false) => {
    const [namespace = '', name = ''] = sink.split('/')
    return certificates.examine(texts, { namespace, sink: name, asksOthers })
  }
  const reason = (...of: Parameters<typeof bring>) => {
    const found = bring(...of)
    return found.ok ? 'ok' : 'refusal' in found ? found.refusal.reason : found.expected
  }
  const material = (...of: Parameters<typeof bring>) => {
    const found = bring(...of)
    assert.ok(found.ok)
    return found.material
  }
  return { certificates, clock, bring, reason, material }
}

describe('certificates that sinks bring', () => {
  it('are examined once for all attempts and sinks, as long as they are asked for within a minute', () => {
    const { clock, bring, material } = store()
    const first = bring('team-a/qe', bundle(1))
    const { context } = material('team-b/qe', bundle(1))
    clock.ms += 59_999
    assert.equal(bring('team-a/qe', bundle(1)), first)
    assert.notEqual(material('team-a/other', bundle(1, 1)).context, context)
    clock.ms += 59_999
    assert.equal(bring('team-a/qe', bundle(1)), first)
    assert.equal(material('team-b/qe', bundle(1)).context, context)
    clock.ms += 60_000
    material('team-a/other', bundle(1, 1))
    assert.notEqual(material('team-a/qe', bundle(1)).context, context, 'forgotten')
  })

  it('count once in a namespace and once in all, by what they cost', () => {
    const { certificates, material, reason } = store()
    material('team-a/one', bundle(10))
    material('team-a/two', bundle(10))
    material('team-b/one', bundle(10))
    assert.deepEqual(
      [certificates.held('team-a'), certificates.held('team-b'), certificates.held()],
      [weightOf(10), weightOf(10), weightOf(10)],
    )
    material('team-a/two', bundle(20))
    assert.deepEqual([certificates.held('team-a'), certificates.held()], [weightOf(10) + weightOf(20), 42])
    assert.match(reason('team-a/two', { bundle: 'none' }), /^certificates in PEM/)
    assert.deepEqual([certificates.held('team-a'), certificates.held()], [weightOf(10), weightOf(10)])
  })

  it('are dropped at once when their sink brings others, and their lease ends', () => {
    const { certificates, clock, material } = store()
    const { lease } = material('team-a/qe', bundle(300))
    for (const revision of [1, 2, 3]) material('team-a/qe', bundle(300, revision))
    assert.equal(lease?.ended.aborted, true)
    assert.equal(certificates.held(), weightOf(300))
    const last = material('team-a/qe', bundle(300, 3)).lease
    assert.equal(last?.ended.aborted, false)
    clock.ms += 60_000
    material('team-b/qe', bundle(1))
    assert.equal(last?.ended.aborted, true, 'nobody asked for so long')
    assert.equal(certificates.held(), weightOf(1))
  })

  it('count for as long as connections hold them', () => {
    const { certificates, material } = store()
    const { lease } = material('team-a/qe', bundle(300))
    const releases = [lease?.hold(), lease?.hold()]
    material('team-a/qe', bundle(1))
    assert.equal(certificates.held('team-a'), weightOf(300) + weightOf(1))
    for (const release of [...releases, ...releases]) release?.()
    assert.deepEqual([certificates.held('team-a'), certificates.held()], [weightOf(1), weightOf(1)])
    const late = lease?.hold()
    assert.equal(certificates.held(), weightOf(300) + weightOf(1), 'a request that had read them before')
    late?.()
    assert.equal(certificates.held(), weightOf(1))
  })

  it('are refused beyond what a namespace may hold, others are not, and go on when there is room again', () => {
    const { certificates, clock, material, reason } = store({ atOnce: 1e6 })
    for (let sink = 0; sink < 9; sink += 1) assert.equal(reason(`team-a/${sink}`, bundle(300, sink)), 'ok')
    assert.equal(certificates.held('team-a'), 9 * weightOf(300))
    assert.equal(reason('team-a/late', bundle(300, 'late')), 'TooManyCertificates')
    assert.equal(reason('team-a/sharing', bundle(300, 3)), 'ok', 'shared with another sink')
    assert.equal(reason('team-b/qe', bundle(300, 'late')), 'ok')
    assert.equal(reason('team-a/late', bundle(300, 'late')), 'TooManyCertificates', 'by what it adds to the namespace')
    material('team-a/0', bundle(1))
    assert.equal(reason('team-a/late', bundle(300, 'late')), 'ok')
    clock.ms += 60_000
    material('team-b/qe', bundle(300, 'late'))
    assert.equal(certificates.held('team-a'), 0)
  })

  it('may be changed where there is no room for more, while connections with those before still close', () => {
    const { certificates, bring, material, reason } = store({ atOnce: 1e6 })
    const releases = Array.from({ length: 9 }, (_, sink) => material(`team-a/${sink}`, bundle(300, sink)).lease?.hold())
    assert.equal(reason('team-a/0', bundle(300, 'next')), 'ok')
    assert.equal(certificates.held('team-a'), 10 * weightOf(300))
    assert.equal(reason('team-a/1', bundle(300, 'next too')), 'TooManyCertificates', 'one at a time')
    assert.equal(bring('team-a/1', bundle(300, 1)).ok, true, 'what its connections still hold')
    releases[0]?.()
    assert.equal(reason('team-a/1', bundle(300, 'next too')), 'ok')
  })

  it('are refused where all hold much, but for who holds little', () => {
    const { reason } = store({ inAll: 1_500 })
    for (const namespace of ['a', 'b', 'c']) assert.equal(reason(`${namespace}/1`, bundle(300, namespace)), 'ok')
    assert.equal(reason('a/2', bundle(300, 'a2')), 'TooManyCertificates')
    assert.equal(reason('d/1', bundle(300, 'd')), 'ok')
    assert.equal(reason('e/1', bundle(300, 'e')), 'TooManyCertificates')
  })

  it('that change again and again are examined as fast as a namespace may, and its own are the only ones that wait', () => {
    const { clock, reason } = store()
    const changes = (namespace: string, n: number, from: number) =>
      Array.from({ length: n }, (_, at) => reason(`${namespace}/qe`, bundle(300, `${namespace}${from + at}`)))
    const taken = (found: string[]) => found.filter((one) => one === 'ok').length
    assert.equal(taken(changes('team-a', 100, 0)), 9)
    assert.equal(reason('team-a/qe', bundle(300, 'last')), 'CertificatesThrottled')
    assert.equal(taken(changes('team-b', 9, 0)), 9)
    let later = 0
    for (let second = 0; second < 60; second += 1) {
      clock.ms += 1_000
      later += taken(changes('team-a', 5, 1_000 + second * 5))
    }
    assert.equal(later, 10, '50 a second, with what was left at first')
    clock.ms += 7_000
    assert.equal(reason('team-a/qe', bundle(300, 'last')), 'ok', 'by itself, once there is time')
  })

  it('may be one public bundle in a thousand namespaces, with a client certificate that is rotated every few seconds', () => {
    const { certificates, clock, material, reason } = store()
    for (let at = 0; at < 1_000; at += 1) material(`team-${at}/qe`, bundle(150))
    assert.equal(certificates.held(), weightOf(150))
    for (let rotation = 0; rotation < 100; rotation += 1) {
      clock.ms += 5_000
      const { cert, key } = certificate({ name: `client ${rotation}` }, root)
      assert.equal(reason('team-0/qe', { ...bundle(150), 'tls.crt': cert, 'tls.key': key }), 'ok')
    }
    assert.equal(certificates.held('team-0'), weightOf(151))
  })

  it('are refused in the condition of the sink', () => {
    const { certificates } = store({ perNamespace: 0 })
    const options = { namespace: 'team-a', sink: 'qe', now: Date.now(), examine: certificates.examine }
    const verdict = compileTls(
      { caConfigMapRef: { name: 'ca' } },
      Object.assign(() => assert.fail('a Secret'), { has: () => false }),
      { data: { 'ca.crt': one } },
      options,
    )
    assert.equal(!verdict.ok && verdict.reason, 'TooManyCertificates')
  })
})

describe('what certificates count as', () => {
  const pair = { 'tls.crt': one, 'tls.key': 'k' }
  const table: [name: string, Texts, asksOthers: boolean, weight: number | RegExp][] = [
    ['by number', bundle(150), false, 156],
    ['from Secret and ConfigMap together', { ...bundle(150), 'ca.crt': one.repeat(2), ...pair }, false, 159],
    [
      'twice, where a token endpoint is asked without the client certificate',
      { ...bundle(150), 'ca.crt': one.repeat(2), ...pair },
      true,
      159 + 158,
    ],
    ['once, where there is no client certificate', bundle(150), true, 156],
    [
      'by size, where they are large or bring much else',
      { bundle: `${one}${' '.repeat(512 * 1024 - 2_000)}` },
      false,
      262,
    ],
    ['too many to be read', bundle(301), false, /^at most 300 certificates/],
    ['too large to be read', { 'ca.crt': one.padEnd(512 * 1024 + 1) }, false, /512 KiB together$/],
  ]
  for (const [name, texts, asksOthers, expected] of table)
    it(name, () => {
      const weight = weigh(texts, asksOthers)
      if (typeof weight === 'number') assert.equal(weight, expected)
      else assert.match(weight.expected, expected as RegExp)
    })
})
