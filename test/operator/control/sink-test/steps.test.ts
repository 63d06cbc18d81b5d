import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accept, refuse } from '../../../../src/api/verdict.ts'
import type { Answer, FailureClass } from '../../../../src/delivery/attempt.ts'
import { type Exchanged, stepsOf, type Trial } from '../../../../src/operator/control/sink-test/steps.ts'

const retry = { maxAgeMs: 1e6, initialDelayMs: 1000, maxDelayMs: 1e5 }
const sink: Trial['sink'] = { mode: 'binary', retry }
const asking: Trial['sink'] = { ...sink, validation: { origin: 'carillon.example.com' } }
const https = accept(new URL('https://qe.example.com/hook?token=shown-to-nobody'))
const http = accept(new URL('http://qe.example.com/'))
const good = { url: https, credentials: accept({}) }

const answered = (status: number): Exchanged => ({
  answer: { kind: 'response', status, durationMs: 1 },
  connected: true,
})
const failed = (kind: FailureClass, connected = false): Exchanged => ({
  answer: { kind: 'failure', class: kind, message: 'What happened.', durationMs: 1 } as Answer,
  connected,
})

/** `address:ok`, and so on; of a step that failed its reason. */
const told = (trial: Trial) =>
  stepsOf(trial, 0)
    .map(({ step, result, reason }) => `${step}:${reason ?? result}`)
    .join(' ')

describe('the steps of a test', () => {
  const table: [what: string, trial: Trial, steps: string][] = [
    [
      'all of them, where the event was taken',
      { sink: asking, ...good, asked: { ...answered(200), agreed: true }, sent: answered(204) },
      'url:ok credentials:ok address:ok connection:ok tls:ok validation:ok request:ok answer:ok',
    ],
    [
      'no TLS without https, no validation where nobody asks for it',
      { sink, ...good, url: http, sent: answered(200) },
      'url:ok credentials:ok address:ok connection:ok request:ok answer:ok',
    ],
    [
      'a URL that is refused',
      { sink, url: refuse('AddressRefused', 'No.') },
      'url:AddressRefused credentials:skipped address:skipped connection:skipped request:skipped answer:skipped',
    ],
    [
      'a Secret that is missing',
      { sink, url: http, credentials: refuse('SecretNotFound', 'Create it.') },
      'url:ok credentials:SecretNotFound address:skipped connection:skipped request:skipped answer:skipped',
    ],
    [
      'a sink that does not agree',
      { sink: asking, ...good, asked: { ...failed('ValidationRefused', true), agreed: false } },
      'url:ok credentials:ok address:ok connection:ok tls:ok validation:ValidationRefused request:skipped answer:skipped',
    ],
    [
      'a validation request that does not get through',
      { sink: asking, ...good, asked: { ...failed('HostNotFound'), agreed: false } },
      'url:ok credentials:ok address:HostNotFound connection:skipped tls:skipped validation:skipped request:skipped answer:skipped',
    ],
    [
      'an answer that refuses',
      { sink, ...good, sent: answered(422) },
      'url:ok credentials:ok address:ok connection:ok tls:ok request:ok answer:HTTP422',
    ],
  ]
  for (const [what, trial, steps] of table) it(what, () => assert.equal(told(trial), steps))

  const places: [FailureClass, connected: boolean, place: string][] = [
    ['HostNotFound', false, 'address'],
    ['DNSFailed', false, 'address'],
    ['AddressRefused', false, 'address'],
    ['ServiceNotReady', false, 'address'],
    ['ConnectionRefused', false, 'connection'],
    ['NetworkFailed', false, 'connection'],
    ['Timeout', false, 'connection'],
    ['TLSFailed', false, 'tls'],
    ['ConnectionReset', false, 'tls'],
    ['InvalidHeader', false, 'request'],
    ['InvalidEvent', false, 'request'],
    ['Timeout', true, 'answer'],
    ['ConnectionReset', true, 'answer'],
    ['InvalidAnswer', true, 'answer'],
  ]
  for (const [kind, connected, place] of places)
    it(`${kind} ${connected ? 'with' : 'without'} a connection is of the step ${place}`, () => {
      const steps = stepsOf({ sink, ...good, sent: failed(kind, connected) }, 0)
      const wrong = steps.find(({ result }) => result === 'failed')
      assert.deepEqual([wrong?.step, wrong?.reason, wrong?.message], [place, kind, 'What happened.'])
    })

  it('of a connection without TLS is never TLS', () => {
    assert.match(told({ sink, ...good, url: http, sent: failed('ConnectionReset') }), /connection:ConnectionReset/)
  })

  it('say what to do, unless the message does', () => {
    const adviceOf = (sent: Exchanged) => stepsOf({ sink, ...good, sent }, 0).find(({ reason }) => reason)?.advice
    assert.match(adviceOf(answered(404)) ?? '', /path/)
    assert.match(adviceOf(answered(418)) ?? '', /dead letter/)
    assert.match(adviceOf(answered(503)) ?? '', /tried again/)
    assert.equal(adviceOf(answered(302)), undefined)
  })

  it("never show the URL's query", () => {
    assert.doesNotMatch(JSON.stringify(stepsOf({ sink, ...good, sent: answered(204) }, 0)), /shown-to-nobody/)
  })
})
