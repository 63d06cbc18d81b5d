// npm run faults: does to the operator what may happen to it, and checks that it costs no more than was stated.
import { isRed } from './cost.ts'
import { costOf } from './fault.ts'
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
  for (const fault of faults) console.log(`${fault.id.padEnd(9)} ${fault.title}: ${statementOf(costOf(fault, false))}`)
  process.exit(0)
}

const started = performance.now()
const { seed, faults: chosen } = asked.value
console.log(`${chosen.length} faults, seed ${seed}`)
const left: string[] = []
const results = await playAll({
  ...asked.value,
  report: (line) => console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`),
  left({ id, title }) {
    left.push(id)
    console.log(`${id.padEnd(9)} ---  ${title}: no time was left; play it by --only ${id}`)
  },
  played(result) {
    console.log(lineOf(result))
    for (const line of wrongOf(result)) console.log(`          ${line}`)
  },
})
console.log(summaryOf(results))
process.exit(left.length > 0 || results.some(({ excess }) => isRed(excess)) ? 1 : 0)
