import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Flight, FlightRoom } from '../../src/delivery/flight-room.ts'

/** Takes events of 10 as long as there is room for any, and waits then; gives how many. */
function stage() {
  const held: string[] = []
  const rung: string[] = []
  const room = new FlightRoom((sink) => held.push(sink), { inAll: 100, perNamespace: 60, perSink: 40, always: 20 })
  const take = (flight: Flight, wanted = 100): number => {
    for (let taken = 0; taken < wanted; taken += 1) {
      if (room.left(flight) <= 0) {
        room.wait(flight, () => rung.push(flight.sink))
        return taken
      }
      room.begin(flight, 10)
    }
    return wanted
  }
  return { held, rung, room, take }
}

describe('events under way', () => {
  it('are bound in bytes for a sink, for the sinks of a namespace, and for all together', () => {
    const { held, room, take } = stage()
    const taken = ['a/one', 'a/two', 'a/three', 'b/one', 'b/two'].map((sink) => take(room.enter(sink)))
    assert.deepEqual(taken, [4, 2, 0, 4, 0])
    assert.deepEqual(held, ['a/one', 'a/two', 'a/three', 'b/one', 'b/two'])
  })

  it('of a namespace that has few go, whatever others have', () => {
    const { room, take } = stage()
    for (const sink of ['a/one', 'a/two', 'b/one']) take(room.enter(sink))
    assert.deepEqual([take(room.enter('c/one')), take(room.enter('d/one'))], [2, 2])
  })

  it('are one more than there is room for at most: an event is never too large to go', () => {
    const { room } = stage()
    const flight = room.enter('a/one')
    room.begin(flight, 1000)
    assert.ok(room.left(flight) <= 0)
    room.end(flight, 1000)
    assert.equal(room.left(flight), 40)
  })

  it('ring those who wait when there is room for them, each once', () => {
    const { room, rung, take } = stage()
    const [one, two, other] = [room.enter('a/one'), room.enter('a/two'), room.enter('b/one')]
    for (const flight of [one, two, other]) take(flight)
    room.end(two, 10)
    assert.deepEqual(rung, ['a/two'])
    room.end(one, 10)
    assert.deepEqual(rung, ['a/two', 'a/one'])
    room.end(one, 10)
    assert.deepEqual(rung, ['a/two', 'a/one'])
    assert.deepEqual([room.isWaiting('a/one'), room.isWaiting('b/one')], [false, true])
  })

  it('of a delivery that has ended count until they have, and it waits no more', () => {
    const { room, rung, take } = stage()
    const [one, two] = [room.enter('a/one'), room.enter('a/two')]
    take(one)
    take(two)
    room.leave(two)
    assert.equal(room.left(room.enter('a/three')), 0)
    room.end(one, 10)
    room.end(two, 20)
    assert.deepEqual(rung, ['a/one'])
    assert.equal(room.left(room.enter('a/three')), 30)
  })
})
