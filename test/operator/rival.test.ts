import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rivalOf } from '../../src/operator/rival.ts'

const own = 'carillon-system/carillon'
const other = 'team-a/carillon'
const object = (servedBy?: string, uid = 'a') => ({
  metadata: { uid },
  status: servedBy === undefined ? {} : { servedBy },
})

type Served = ReturnType<typeof object>

test('another install is met where it writes over a status of ours, and nowhere else', () => {
  const cases: [what: string, before: Served | undefined, after: Served | undefined, rival?: string][] = [
    ['it wrote after us', object(own), object(other), other],
    ['it wrote before us, and may work no more', object(other), object(own)],
    ['it wrote once more before we did', object(other), object(other)],
    ['it served the object when we started', undefined, object(other)],
    ['we wrote again', object(own), object(own)],
    ['somebody cleared the status', object(own), object()],
    ['the object was made anew', object(own), object(other, 'b')],
    ['the object is gone', object(own), undefined],
    ['a new object', object(), object(other)],
  ]
  for (const [what, before, after, rival] of cases) assert.equal(rivalOf(own, before, after), rival, what)
})
