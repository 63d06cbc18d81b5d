import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodingFigures, rows } from './encoding.ts'
import { measureKonflux, scaledKonflux } from './konflux.ts'
import { measure, scaled } from './measure.ts'
import { measureTenants, scaledTenants } from './tenants.ts'

test('a twentieth of the benchmark runs, and loses and repeats nothing', async (t) => {
  const figures = await measure(scaled(0.05), (line) => t.diagnostic(line))
  for (const [name, value] of Object.entries(figures)) t.diagnostic(`${name}: ${Math.round(value * 100) / 100}`)
  const { lost, repeated, backlogInversions } = figures
  assert.deepEqual({ lost, repeated, backlogInversions }, { lost: 0, repeated: 0, backlogInversions: 0 })
})

test('a twentieth of a Konflux cluster is listed and followed, and nothing is lost or repeated', async (t) => {
  const figures = await measureKonflux(scaledKonflux(0.05), (line) => t.diagnostic(line))
  for (const [name, value] of Object.entries(figures)) t.diagnostic(`${name}: ${Math.round(value * 100) / 100}`)
  const { konfluxLost, konfluxRepeated } = figures
  assert.deepEqual({ konfluxLost, konfluxRepeated }, { konfluxLost: 0, konfluxRepeated: 0 })
})

test('a twentieth of the tenants are told that they are ready, and nothing of theirs is lost beside one that floods', async (t) => {
  const figures = await measureTenants(scaledTenants(0.05), (line) => t.diagnostic(line))
  for (const [name, value] of Object.entries(figures)) t.diagnostic(`${name}: ${Math.round(value * 100) / 100}`)
  const { tenantsLost, tenantsRepeated } = figures
  assert.deepEqual({ tenantsLost, tenantsRepeated }, { tenantsLost: 0, tenantsRepeated: 0 })
})

test('every format is encoded, in all the ways that options give', (t) => {
  const figures = encodingFigures(1)
  assert.deepEqual(Object.keys(figures), Object.keys(rows))
  t.diagnostic(`µs of CPU an event: ${JSON.stringify(figures)}`)
})
