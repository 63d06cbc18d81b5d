import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { paidOff, roomFor } from '../../src/cel/debt.ts'

const rates = { namespace: 100, all: 300, burstSeconds: 2, own: 10 }

describe('what a namespace may take', () => {
  const table: [what: string, debt: number, total: number, room: number][] = [
    ['nobody owes anything: what one may at once', 0, 0, 200],
    ['it has taken some', 150, 150, 50],
    ['it has taken all of it', 200, 200, 0],
    ['others leave more than it may', 0, 350, 200],
    ['others leave less', 0, 500, 100],
    ['it owes as much as is left', 100, 500, 0],
    ['it owes more than is left', 150, 500, -50],
    ['others leave nothing: what is its own', 0, 600, 10],
    ['they owe more than there is', 0, 900, 10],
    ['it has taken what is its own', 10, 910, 0],
  ]
  for (const [what, debt, total, room] of table)
    test(`${what}: ${room}`, () => assert.equal(roomFor(debt, total, rates), room))
})

describe('what is left of debts', () => {
  const table: [what: string, debts: number[], seconds: number, left: number[]][] = [
    ['one pays as fast as a namespace may', [150], 1, [50]],
    ['few do, too', [100, 150], 0.5, [50, 100]],
    ['many share what all may', [100, 100, 100, 100, 100, 100], 1, [50, 50, 50, 50, 50, 50]],
    ['what small ones do not need is for the others', [10, 20, 100, 100, 200], 1, [0, 0, 10, 10, 110]],
    ['no more than is owed', [1, 2], 60, [0, 0]],
    ['nobody', [], 1, []],
  ]
  for (const [what, debts, seconds, left] of table)
    test(what, () => assert.deepEqual(paidOff(debts, seconds, rates), left))
})
