import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { User } from '../../src/kube/reviews.ts'
import { type Admission, scrapeAccess } from '../../src/operator/scrape-access.ts'

/** An API server that knows `prometheus`, who may, and `nosy`, who may not; what was asked, and a clock. */
function scene() {
  const asked: string[] = []
  const failures: unknown[] = []
  const clock = { now: 1000, down: false, may: new Set(['prometheus']) }
  const admit = scrapeAccess({
    async user(token): Promise<User | undefined> {
      asked.push(token)
      if (clock.down) throw new Error('away')
      return ['prometheus', 'nosy'].includes(token) ? { username: token } : undefined
    },
    mayScrape: async ({ username }) => clock.may.has(username),
    monotonic: () => clock.now,
    failed: (error) => failures.push(error),
  })
  return { admit: (token: string) => admit(`Bearer ${token}`), raw: admit, asked, failures, clock }
}

const statusOf = (admission: Admission) => (admission.ok ? 200 : admission.status)

test('who may get /metrics gets in; who may not, is not known or shows no token does not', async () => {
  const { admit, raw, asked } = scene()
  const headers = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic cHJvbWV0aGV1cw==',
    'prometheus',
    `Bearer ${'x'.repeat(16_385)}`,
  ]
  for (const header of headers) assert.equal(statusOf(await raw(header)), 401, header?.slice(0, 30))
  assert.deepEqual(asked, [])
  const answers = [
    await admit('prometheus'),
    await raw('bearer   prometheus'),
    await admit('nosy'),
    await admit('rubbish'),
  ]
  assert.deepEqual(answers.map(statusOf), [200, 200, 403, 401])
  assert.deepEqual(asked, ['prometheus', 'nosy', 'rubbish'])
})

test('an answer counts for a minute, a refusal for ten seconds', async () => {
  const { admit, asked, clock } = scene()
  await admit('prometheus')
  await admit('nosy')
  clock.may = new Set(['nosy'])
  clock.now += 9_999
  assert.deepEqual([statusOf(await admit('prometheus')), statusOf(await admit('nosy'))], [200, 403])
  clock.now += 1
  assert.deepEqual([statusOf(await admit('prometheus')), statusOf(await admit('nosy'))], [200, 200])
  clock.now += 50_000
  assert.equal(statusOf(await admit('prometheus')), 403)
  assert.deepEqual(asked, ['prometheus', 'nosy', 'nosy', 'prometheus'])
})

test('nobody gets in while the API server can not be asked, and it is asked again at the next request', async () => {
  const { admit, asked, clock, failures } = scene()
  await admit('prometheus')
  clock.now += 60_000
  clock.down = true
  assert.equal(statusOf(await admit('prometheus')), 503)
  assert.equal(statusOf(await admit('nosy')), 503)
  clock.down = false
  assert.deepEqual([statusOf(await admit('prometheus')), statusOf(await admit('nosy'))], [200, 403])
  assert.deepEqual([asked.length, failures.length], [5, 2])
})

test('requests with one token at the same time ask once', async () => {
  const { admit, asked } = scene()
  const all = await Promise.all(Array.from({ length: 50 }, () => admit('prometheus')))
  assert.deepEqual([new Set(all.map(statusOf)), asked.length], [new Set([200]), 1])
})

test('a flood of bad tokens reaches the API server twice a second, and shuts out nobody whose token was good', async () => {
  const { admit, asked, clock } = scene()
  await admit('prometheus')
  let refused = 0
  for (let second = 0; second < 120; second += 1) {
    clock.now += 1000
    for (let one = 0; one < 50; one += 1) if (statusOf(await admit(`bad-${second}-${one}`)) === 429) refused += 1
    assert.equal(statusOf(await admit('prometheus')), 200)
  }
  const bad = asked.filter((token) => token.startsWith('bad'))
  assert.ok(bad.length >= 240 && bad.length <= 250, String(bad.length))
  assert.equal(refused, 6000 - bad.length)
  assert.equal(asked.length - bad.length, 3)
})
