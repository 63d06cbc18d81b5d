import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accept, refuse, type Verdict } from '../../src/api/verdict.ts'
import { compileEgress } from '../../src/delivery/egress.ts'
import { type OAuth2Spec, readToken, type Token, tokenRequest } from '../../src/delivery/oauth2.ts'
import { fetchToken } from '../../src/delivery/token-endpoint.ts'
import { tokenStore } from '../../src/delivery/tokens.ts'
import { listen } from './sockets.ts'

const spec: OAuth2Spec = { tokenURL: 'https://login.example.com/token', secretRef: { name: 'qe' } }
const now = 1_000_000

describe('what a token URL is asked', () => {
  it('has the client in Basic, form-encoded, and the scopes and the audience in the form', () => {
    const { headers, body } = tokenRequest(
      { ...spec, scopes: ['a:read', 'b'], audience: 'https://sink/' },
      'id:1',
      'p ä%',
    )
    const [id, secret] = Buffer.from(headers.authorization?.slice(6) ?? '', 'base64')
      .toString()
      .split(':')
    assert.deepEqual([id, secret], ['id%3A1', 'p+%C3%A4%25'])
    assert.deepEqual(Object.fromEntries(new URLSearchParams(body)), {
      grant_type: 'client_credentials',
      scope: 'a:read b',
      audience: 'https://sink/',
    })
    assert.equal(tokenRequest(spec, 'a', 'b').body, 'grant_type=client_credentials')
  })
})

describe('what a token URL answers', () => {
  const good = { access_token: 'tok', token_type: 'bearer', expires_in: 60 }
  const table: [name: string, status: number, body: string, expected: Token | RegExp][] = [
    ['a token', 200, JSON.stringify(good), { value: 'tok', expires: now + 60_000 }],
    ['the life as a text', 200, JSON.stringify({ ...good, expires_in: '60' }), { value: 'tok', expires: now + 60_000 }],
    ['no life', 200, '{"access_token":"tok"}', { value: 'tok', expires: now + 300_000 }],
    ['a life of years', 200, JSON.stringify({ ...good, expires_in: 1e9 }), { value: 'tok', expires: now + 86_400_000 }],
    ...[0, -1, 'x', null].map((life): [string, number, string, Token] => [
      `a life of ${life}`,
      200,
      JSON.stringify({ ...good, expires_in: life }),
      { value: 'tok', expires: now + 300_000 },
    ]),
    ['a token with a space', 200, '{"access_token":"a b"}', /without a usable access_token/],
    ['an empty token', 200, '{"access_token":""}', /without a usable access_token/],
    ['HTML', 200, '<html>log in</html>', /answered with no JSON object: is it a token endpoint\?/],
    ['a list', 200, '[]', /no JSON object/],
    ['no token', 200, '{"token_type":"bearer"}', /without a usable access_token/],
    ['a token that no header can hold', 200, '{"access_token":"a\\r\\nb"}', /without a usable access_token/],
    ['another type', 200, JSON.stringify({ ...good, token_type: 'mac' }), /another type than Bearer/],
    [
      'a wrong secret',
      401,
      '{"error":"invalid_client"}',
      /401 \(invalid_client\): look at client-id and client-secret of Secret qe/,
    ],
    ['an error of its own', 400, '{"error":"user 17 of tenant x is locked"}', /answered 400: look at/],
    ['a fault', 503, 'x', /answered 503; it is tried again/],
    ['another address', 302, '', /redirects, which is not followed/],
  ]
  for (const [name, status, body, expected] of table)
    it(name, () => {
      const verdict = readToken(status, body, spec, now)
      if (!(expected instanceof RegExp)) return assert.deepEqual(verdict, accept(expected))
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, 'TokenUnavailable')
      assert.match(verdict.message, expected)
      assert.ok(!verdict.message.includes('tenant x'))
    })
})

describe('a token endpoint', () => {
  const allowed = compileEgress({ allowCidrs: ['127.0.0.0/8'] })
  assert.ok(allowed.ok)
  const ask = (port: number) =>
    fetchToken(
      { ...spec, tokenURL: `http://127.0.0.1:${port}/token?a=b` },
      { id: 'me', secret: 'hunter2' },
      { egress: allowed.value, now: () => now },
    )
  const json = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`

  it('is asked by POST', async () => {
    await using listener = await listen((socket) => socket.write(json('{"access_token":"tok","expires_in":60}')))
    assert.deepEqual(await ask(listener.port), accept({ value: 'tok', expires: now + 60_000 }))
    assert.match(listener.requests[0] ?? '', /^POST \/token\?a=b HTTP\/1\.1\r\n/)
  })

  it('that closes, or says more than a token, is told in our own words', async () => {
    await using closing = await listen((socket) => void socket.destroy())
    const closed = await ask(closing.port)
    assert.ok(
      !closed.ok && /could not be asked: The token endpoint closed /.test(closed.message),
      JSON.stringify(closed),
    )
    await using endless = await listen((socket) => socket.write(json(`"${'x'.repeat(100_000)}"`)))
    const long = await ask(endless.port)
    assert.ok(!long.ok && /more than a token/.test(long.message), JSON.stringify(long))
  })

  it('at an address that is not public is not asked at all', async () => {
    const guarded = compileEgress({ allowCidrs: [] })
    assert.ok(guarded.ok)
    await using listener = await listen(() => assert.fail('asked'))
    for (const host of ['127.0.0.1', '2130706433', '[::ffff:127.0.0.1]']) {
      const tokenURL = `http://${host}:${listener.port}/`
      const context = { egress: guarded.value, now: () => now }
      const verdict = await fetchToken({ ...spec, tokenURL }, { id: 'a', secret: 'b' }, context)
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, 'AddressRefused')
    }
    assert.equal(listener.connections, 0)
  })
})

describe('a token', () => {
  /** A store on a clock of its own, and how often tokens were asked for. */
  function store(lifeMs = 100_000) {
    const clock = { ms: now }
    const asked: string[] = []
    const get = tokenStore(() => clock.ms)
    const mint = (form: string, answer?: Verdict<Token>) => async () => {
      asked.push(form)
      return answer ?? accept({ value: `${form}-${asked.length}`, expires: clock.ms + lifeMs })
    }
    const take = async (form: string, fresh = false, answer?: Verdict<Token>) => {
      const token = await get('team', form, mint(form, answer), fresh)
      return token.ok ? token.value : token.reason
    }
    return { clock, asked, take }
  }

  it('is asked for once by many at a time, and again before it ends', async () => {
    const { clock, asked, take } = store()
    assert.deepEqual(await Promise.all([take('a'), take('a'), take('b')]), ['a-1', 'a-1', 'b-2'])
    clock.ms += 79_999
    assert.equal(await take('a'), 'a-1')
    clock.ms += 1
    assert.equal(await take('a'), 'a-3')
    assert.deepEqual(asked, ['a', 'b', 'a'])
  })

  it('of a short life is replaced ten seconds before its end', async () => {
    const { clock, take } = store(20_000)
    await take('a')
    clock.ms += 9_999
    assert.equal(await take('a'), 'a-1')
    clock.ms += 1
    assert.equal(await take('a'), 'a-2')
  })

  it('that was refused is asked for anew, not more than once in ten seconds', async () => {
    const { clock, take } = store()
    await take('a')
    assert.equal(await take('a', true), 'a-1')
    clock.ms += 10_000
    assert.equal(await take('a', true), 'a-2')
    assert.equal(await take('a', true), 'a-2')
  })

  it('that cannot be replaced goes on until its end, and another is asked for every ten seconds', async () => {
    const { clock, take, asked } = store()
    const none = refuse('TokenUnavailable', 'no')
    assert.equal(await take('a'), 'a-1')
    clock.ms += 80_000
    assert.equal(await take('a', false, none), 'a-1')
    assert.equal(await take('a', false, none), 'a-1')
    assert.equal(asked.length, 2)
    clock.ms += 10_000
    assert.equal(await take('a', false, none), 'a-1')
    assert.equal(asked.length, 3)
    clock.ms += 10_000
    assert.equal(await take('a', false, none), 'TokenUnavailable')
    assert.equal(await take('a'), 'a-5')
  })

  it('is forgotten where its namespace has asked for hundreds of others since, and not where others did', async () => {
    const asked: string[] = []
    const get = tokenStore(() => now)
    const of = (namespace: string, form: string) =>
      get(
        namespace,
        form,
        async () => accept({ value: String(asked.push(`${namespace}/${form}`)), expires: now + 86_400_000 }),
        false,
      )
    await of('quiet', 'a')
    for (let one = 0; one < 1000; one++) await of('hostile', String(one))
    await of('quiet', 'a')
    await of('hostile', '999')
    await of('hostile', '500')
    assert.equal(asked.length, 1001)
    await of('hostile', '499')
    assert.equal(asked.length, 1002)
  })

  it('that could not be had is asked for at the next call', async () => {
    const { take, asked } = store()
    assert.equal(await take('a', false, refuse('TokenUnavailable', 'no')), 'TokenUnavailable')
    assert.equal(await take('a'), 'a-2')
    assert.equal(asked.length, 2)
  })
})
