import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { duplicateSender, sendsAsTekton, tektonSinkOf } from '../../src/operator/tekton-sink.ts'
import { renderStage } from './rendering.ts'
import { emitter, sink, subscription } from './scene.ts'

const address = 'http://anna:s3cret@Events.example.com:80/a?token=t0ken'
const sinkOf = (events?: object, defaults?: object) =>
  tektonSinkOf('tekton-pipelines', (map) => (map === 'config-events' ? events : defaults))

suite("Tekton's own sink", () => {
  const events = { map: 'config-events', key: 'sink' }
  const defaults = { map: 'config-defaults', key: 'default-cloud-events-sink' }
  const cases: [what: string, events: object | undefined, defaults: object | undefined, keys: object[], of?: string][] =
    [
      ['is unset where there are no ConfigMaps', undefined, undefined, []],
      ['is unset where its keys are empty', { sink: '' }, { 'default-cloud-events-sink': '' }, []],
      ['is unset in the example that Tekton comes with', { _example: 'sink: a' }, {}, []],
      ['is sink of config-events', { sink: 'a' }, {}, [events], 'a'],
      ['is the old key where that is empty', { sink: '' }, { 'default-cloud-events-sink': 'b' }, [defaults], 'b'],
      ['is sink where both are set', { sink: 'a' }, { 'default-cloud-events-sink': 'b' }, [events, defaults], 'a'],
      ['is unset where the value is no text', { sink: 5 }, { 'default-cloud-events-sink': {} }, []],
    ]
  for (const [what, ofEvents, ofDefaults, keys, of] of cases) {
    test(what, () => {
      const found = sinkOf(ofEvents, ofDefaults)
      assert.deepEqual([found?.keys ?? [], found?.address], [keys, of])
    })
  }
})

test('the message tells whether the address is one of ours, and how to unset it, and never the address', () => {
  const found = sinkOf({ sink: address }, { 'default-cloud-events-sink': address }) ?? assert.fail()
  const cases: [urls: string[], message: RegExp][] = [
    [
      ['http://events.example.com/a?other=1', 'https://x.example.com/'],
      /to the address of EventSink team-a\/0: every event/,
    ],
    [
      ['http://events.example.com/a', 'http://events.example.com/a'],
      /EventSink team-a\/0, team-a\/1: every event comes/,
    ],
    [['https://events.example.com/a'], /to an address that is none of this subscription's sinks/],
    [['http://events.example.com/'], /none of this subscription's sinks/],
    [[], /none of this subscription's sinks/],
  ]
  for (const [urls, expected] of cases) {
    const sinks = urls.map((url, index) => ({ key: `team-a/${index}`, url }))
    const { message } = duplicateSender(found, sinks)
    assert.match(message, expected)
    assert.match(message, /patch configmap config-events .* && .*patch configmap config-defaults/)
    assert.doesNotMatch(message, /anna|s3cret|t0ken|example\.com/)
  }
  const odd = sinkOf({ sink: 'nowhere' }) ?? assert.fail()
  assert.match(duplicateSender(odd, [{ key: 'a/b', url: 'nowhere' }]).message, /none of this subscription's sinks/)
})

test('a subscription is warned that sends what Tekton sends, and is not suspended', () => {
  const cases: [spec: object, isWarned: boolean][] = [
    [{ formats: ['tektonv1'] }, true],
    [{ formats: ['cloudevents', 'tektonv1'] }, true],
    [{ formats: ['tektonv2'] }, false],
    [{}, false],
    [{ formats: ['tektonv1'], suspend: true }, false],
    [{ formats: ['tektonv1'], body: 'event.data' }, false],
  ]
  for (const [spec, isWarned] of cases)
    assert.equal(sendsAsTekton(emitter('builds', spec), subscription(spec)), isWarned, JSON.stringify(spec))
  assert.equal(sendsAsTekton(undefined, subscription({ formats: ['tektonv1'] })), false)
})

test('the condition DuplicateSender is there for as long as it is so', () => {
  const own = { sink: sinkOf({ sink: address }) }
  const { subscription: render } = renderStage([sink()], [subscription({ formats: ['tektonv1'] })], () => own.sink)
  const condition = () => render('team-a/builds')?.conditions?.find(({ type }) => type === 'DuplicateSender')
  assert.deepEqual([condition()?.status, condition()?.reason], ['True', 'TektonSinkSet'])
  own.sink = undefined
  assert.equal(condition(), undefined)
})
