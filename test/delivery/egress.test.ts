import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileEgress } from '../../src/delivery/egress.ts'
import { publicAddresses, refusedAddresses, spellings } from './addresses.ts'

const egress = (allowCidrs: string[] = []) => {
  const verdict = compileEgress({ allowCidrs })
  assert.ok(verdict.ok)
  return verdict.value
}

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
