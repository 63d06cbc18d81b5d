import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asksForForce, forceAtAnnotation, handledForceAt, requestedAtAnnotation } from '../../src/operator/requests.ts'

type Told = { force?: string; request?: string; handledForce?: string; handledRequest?: string; uid?: string }

const object = ({ force, request, handledForce, handledRequest, uid = 'one' }: Told) => ({
  metadata: {
    uid,
    annotations: {
      ...(force !== undefined && { [forceAtAnnotation]: force }),
      ...(request !== undefined && { [requestedAtAnnotation]: request }),
    },
  },
  status: {
    ...(handledForce !== undefined && { lastHandledForceAt: handledForce }),
    ...(handledRequest !== undefined && { lastHandledReconcileAt: handledRequest }),
  },
})

const cases: [name: string, asks: boolean, now: Told, before?: Told][] = [
  ['both annotations of the same new value', true, { force: 'b', request: 'b' }],
  ['both anew, after others', true, { force: 'b', request: 'b', handledForce: 'a', handledRequest: 'a' }],
  ['nothing at all', false, {}],
  ['only forceAt', false, { force: 'b' }],
  ['only requestedAt', false, { request: 'b' }],
  ['two values', false, { force: 'a', request: 'b' }],
  ['what the status says was handled', false, { force: 'b', request: 'b', handledForce: 'b', handledRequest: 'b' }],
  ['a request that was handled without force', false, { force: 'b', request: 'b', handledRequest: 'b' }],
  [
    'what this process has handled, of which the status is yet to come back',
    false,
    { force: 'b', request: 'b' },
    { force: 'b', request: 'b' },
  ],
  ['forceAt after a requestedAt that was handled', false, { force: 'b', request: 'b' }, { request: 'b' }],
  ['requestedAt after a forceAt that was answered', false, { force: 'b', request: 'b' }, { force: 'b' }],
  [
    'an object made anew with the old annotations',
    true,
    { force: 'b', request: 'b', uid: 'two' },
    { force: 'b', request: 'b' },
  ],
]

for (const [name, asks, now, before] of cases) {
  test(`${name}: ${asks ? 'force' : 'no force'}`, () => {
    assert.equal(asksForForce(object(now), before && object(before)), asks)
  })
}

test('forceAt is answered whether it counts or not, and the answer outlives the annotation', () => {
  assert.equal(handledForceAt(object({ force: 'b', request: 'a' })), 'b')
  assert.equal(handledForceAt(object({ handledForce: 'a' })), 'a')
  assert.equal(handledForceAt(object({})), undefined)
})
