// npm run faults: does to the operator what may happen to it, and checks that it costs no more than was stated.
import { isRed } from './cost.ts'
import { faults } from './faults/index.ts'
import { lineOf, statementOf, summaryOf, wrongOf } from './lines.ts'
import { readOptions, usage } from './options.ts'
import { playAll } from './suite.ts'

const asked = readOptions(process.argv.slice(2), faults, Math.random)
if (!asked.ok) {
  process.stderr.write(`${asked.message}\n\n${usage(faults)}`)
  process.exit(2)
}
if (asked.value === 'help') {
  process.stdout.write(usage(faults))
  process.exit(0)
}
if (asked.value === 'list') {
  const sizes = { quick: false, scaled: (full: number) => full, lasting: (full: number) => full }
  for (const { id, title, cost } of faults)
    console.log(`${id.padEnd(9)} ${title}: ${statementOf(typeof cost === 'function' ? cost(sizes) : cost)}`)
  process.exit(0)
}

const started = performance.now()
const { seed, faults: chosen } = asked.value
console.log(`${chosen.length} faults, seed ${seed}`)
const results = await playAll({
  ...asked.value,
  report: (line) => console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`),
  played(result) {
    console.log(lineOf(result))
    for (const line of wrongOf(result)) console.log(`          ${line}`)
  },
})
console.log(summaryOf(results))
process.exit(results.some(({ excess }) => isRed(excess)) ? 1 : 0)
