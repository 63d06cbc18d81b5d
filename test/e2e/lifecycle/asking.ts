import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Behaviour, Received } from '../../controlplane/sink.ts'
import { momentOf, run } from '../fixture.ts'
import type { Scene } from './scene.ts'

const origin = 'carillon.example.com'
const agrees: Behaviour = {
  kind: 'answer',
  status: 200,
  headers: { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' },
}

/** Sinks that are asked first whether they want events. */
export function asking(scene: Scene): void {
  it('sends a sink nothing before it has agreed, says why, and asks anew when its spec changes', async () => {
    const { stage, admin } = scene
    const team = await stage.team('asked-first', { sink: { behaviour: { kind: 'answer', status: 200 } } })
    const http = { validation: { origin, requestRate: 60_000 } }
    await team.subscribe({}, http)
    await team.ready()
    await run(admin, team.namespace, 'one')
    const expected = {
      status: 'False' as const,
      reason: 'ValidationRefused',
      message: /no WebHook-Allowed-Origin; expected is a 2xx with WebHook-Allowed-Origin: carillon\.example\.com or \*/,
    }
    await team.condition('EventSink', 'sink', 'Delivering', expected)
    await team.condition('EventSubscription', 'subscription', 'Delivering', expected)
    const asks = ({ method }: Received) => method === 'OPTIONS'
    assert.ok(team.server.received.every(asks))
    assert.equal(team.server.received[0]?.headers['webhook-request-rate'], '60000')

    team.server.behave((request) => (asks(request) ? agrees : { kind: 'answer', status: 204 }))
    const events = (all: Received[]) => all.filter((one) => !asks(one))
    await team.received((all) => events(all).length === 2, 'what had waited')
    assert.deepEqual(events(team.server.received).map(momentOf), ['taskrun/one started', 'taskrun/one finished'])
    assert.ok(events(team.server.received).every(({ headers }) => headers['webhook-request-origin'] === origin))
    await team.condition('EventSink', 'sink', 'Delivering', { status: 'True' })

    const asked = team.server.received.filter(asks).length
    await run(admin, team.namespace, 'two')
    await team.received((all) => events(all).length === 4, 'events without a question')
    assert.equal(team.server.received.filter(asks).length, asked)
    await team.sink('sink', { validation: { origin: 'other.example.com' } })
    await team.until(
      'EventSink',
      'sink',
      'the new spec',
      ({ status, metadata }) => status?.observedGeneration === metadata.generation,
    )
    await run(admin, team.namespace, 'three')
    await team.condition('EventSink', 'sink', 'Delivering', {
      status: 'False',
      reason: 'ValidationRefused',
      message: /another WebHook-Allowed-Origin/,
    })
    assert.equal(events(team.server.received).length, 4)
    assert.equal(team.server.received.at(-1)?.headers['webhook-request-origin'], 'other.example.com')
  })
}
