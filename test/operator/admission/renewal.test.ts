import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { makeAuthority, makeLeaf } from '../../../src/operator/admission/certificate.ts'
import {
  bundleOf,
  fromSecret,
  type Kept,
  type Lives,
  lives,
  renew,
  toSecret,
} from '../../../src/operator/admission/renewal.ts'

const day = 86_400_000
const hosts = ['carillon-webhook.carillon-system.svc', '127.0.0.1', '::1']
const start = Date.parse('2026-03-01T00:00:00Z')

const serialsOf = (kept: Kept) => ({
  authority: kept.authority.certificate.serialNumber,
  leaf: kept.leaf.certificate.serialNumber,
  older: kept.older.map(({ serialNumber }) => serialNumber),
})

/** Whoever trusts what is told of `kept` trusts what it serves. */
const isTrusted = (kept: Kept) =>
  [kept.authority.certificate, ...kept.older].some((one) => kept.leaf.certificate.verify(one.publicKey))

test('a certificate is for its names and addresses, of its authority, and for no longer than that lasts', () => {
  const authority = makeAuthority('carillon-webhook', start, 365 * day)
  const { certificate, key } = makeLeaf(hosts, authority, start, 400 * day)
  assert.ok(certificate.checkIssued(authority.certificate))
  assert.ok(certificate.verify(authority.certificate.publicKey))
  assert.ok(certificate.checkPrivateKey(key))
  assert.equal(certificate.checkHost(hosts[0] ?? ''), hosts[0])
  assert.equal(certificate.checkHost('other.carillon-system.svc'), undefined)
  for (const address of ['127.0.0.1', '::1']) assert.equal(certificate.checkIP(address), address)
  assert.equal(certificate.checkIP('127.0.0.2'), undefined)
  assert.deepEqual([certificate.ca, authority.certificate.ca], [false, true])
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.equal(certificate.validFromDate.getTime(), start - 3_600_000)
  assert.equal(certificate.validToDate.getTime(), start + 365 * day)
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
})

test('certificates of far times are written as RFC 5280 has it', () => {
  for (const year of [2049, 2050, 2099]) {
    const now = Date.parse(`${year}-06-01T12:34:56Z`)
    const { certificate } = makeAuthority('a', now, 365 * day)
    assert.equal(certificate.validToDate.getTime(), now + 365 * day)
    assert.equal(certificate.validFromDate.getTime(), now - 3_600_000)
  }
})

test('a hundred of them have serial numbers of their own, and can all be read', () => {
  const authority = makeAuthority('a', start, day)
  const all = Array.from({ length: 100 }, () => makeLeaf(hosts, authority, start, day).certificate)
  assert.equal(new Set(all.map(({ serialNumber }) => serialNumber)).size, 100)
})

test('what is kept in a Secret is read as it was', () => {
  const kept = renew(undefined, hosts, start, lives)
  const read = fromSecret(toSecret(kept))
  assert.ok(read)
  assert.deepEqual(serialsOf(read), serialsOf(kept))
  assert.equal(renew(read, hosts, start, lives), read)
})

test('what is damaged is not read, and made anew', () => {
  const kept = renew(undefined, hosts, start, lives)
  const data = toSecret(kept)
  const other = toSecret(renew(undefined, hosts, start, lives))
  for (const key of ['ca.crt', 'ca.key', 'tls.crt', 'tls.key']) {
    assert.equal(fromSecret({ ...data, [key]: undefined }), undefined, key)
    assert.equal(fromSecret({ ...data, [key]: 'AAAA' }), undefined, key)
    assert.equal(fromSecret({ ...data, [key]: (data[key] ?? '').slice(0, 200) }), undefined, key)
  }
  for (const key of ['ca.crt', 'ca.key', 'tls.crt', 'tls.key']) {
    // A leaf of somebody else's authority can be read, and is replaced.
    const mixed = fromSecret({ ...data, [key]: other[key] })
    assert.equal(mixed, undefined, key)
  }
  const foreign = fromSecret({ ...data, 'tls.crt': other['tls.crt'], 'tls.key': other['tls.key'] })
  assert.ok(foreign && !isTrusted(foreign))
  assert.ok(isTrusted(renew(foreign, hosts, start, lives)))
  assert.equal(fromSecret({}), undefined)
})

test('a leaf is renewed when two thirds of its life are over, and for other names', () => {
  const first = renew(undefined, hosts, start, lives)
  assert.equal(renew(first, hosts, start + 59 * day, lives), first)
  const second = renew(first, hosts, start + 61 * day, lives)
  assert.equal(second.authority, first.authority)
  assert.notEqual(second.leaf, first.leaf)
  assert.deepEqual(second.older, [])
  const renamed = renew(second, ['other.carillon-system.svc'], start + 62 * day, lives)
  assert.equal(renamed.leaf.certificate.checkHost(hosts[0] ?? ''), undefined)
  assert.equal(renew(renamed, ['other.carillon-system.svc'], start + 62 * day, lives), renamed)
})

test('an authority is renewed beside the former one, which goes when nothing of it is served any more', () => {
  let kept = renew(undefined, hosts, start, lives)
  kept = renew(kept, hosts, start + 61 * day, lives)
  kept = renew(kept, hosts, start + 122 * day, lives)
  kept = renew(kept, hosts, start + 183 * day, lives)
  const before = kept
  const at = start + 243.5 * day
  kept = renew(kept, hosts, at, lives)
  assert.notEqual(kept.authority, before.authority)
  assert.equal(kept.leaf, before.leaf)
  assert.deepEqual(kept.older, [before.authority.certificate])
  assert.equal(bundleOf(kept).match(/BEGIN/g)?.length, 2)
  assert.equal(renew(kept, hosts, at + lives.settleMs - 1, lives), kept)
  const settled = renew(kept, hosts, at + lives.settleMs, lives)
  assert.notEqual(settled.leaf, kept.leaf)
  assert.ok(settled.leaf.certificate.verify(settled.authority.certificate.publicKey))
  assert.equal(settled.older.length, 1)
  const over = renew(settled, hosts, at + 2 * lives.settleMs, lives)
  assert.deepEqual([over.leaf, over.older], [settled.leaf, []])
})

test('whenever it is looked at, in steps of any size, what is served is trusted and valid', () => {
  const short: Lives = { authorityMs: 100_000, leafMs: 30_000, settleMs: 3_000 }
  for (const step of [500, 2_900, 7_000, 19_000, 45_000, 90_000, 400_000]) {
    let kept: Kept | undefined
    for (let now = start; now < start + 30 * step; now += step) {
      const former = kept
      kept = renew(kept, hosts, now, short)
      assert.ok(isTrusted(kept))
      const { validFromDate, validToDate } = kept.leaf.certificate
      assert.ok(validFromDate.getTime() <= now && now < validToDate.getTime(), `${step} at ${now - start}`)
      // What was served until now is still trusted, unless it has run out.
      if (former && former.leaf.certificate.validToDate.getTime() > now && step < 20_000)
        assert.ok(isTrusted({ ...kept, leaf: former.leaf }), `${step} at ${now - start}`)
    }
  }
})

test('a clock that was wrong leaves nothing behind that is not valid now', () => {
  const future = renew(undefined, hosts, start + 3_650 * day, lives)
  const now = renew(future, hosts, start, lives)
  assert.ok(now.leaf.certificate.validFromDate.getTime() <= start)
  assert.deepEqual(now.older, [])
  let kept = now
  for (let jump = 0; jump < 20; jump += 1) kept = renew(kept, hosts, start + (jump % 2) * 250 * day, lives)
  assert.ok(kept.older.length <= 3)
  assert.ok(isTrusted(kept))
  assert.ok(new X509Certificate(bundleOf(kept)).ca)
})
