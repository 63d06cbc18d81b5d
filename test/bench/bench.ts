// npm run bench: measures the operator under load, prints a table and, last, one line of JSON.
import { parseArgs } from 'node:util'
import { encodingFigures } from './encoding.ts'
import { type Figures, measure, scaled } from './measure.ts'

const usage = `Usage: npm run bench [-- --scale SHARE]
  --scale SHARE   share of the full sizes, 0.05 for a quick look; default 1
  --profile DIR   write a CPU profile of the operator there
`
const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    profile: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
const share = Number(values.scale)
if (values.help || !(share > 0 && share <= 1)) {
  process.stdout.write(usage)
  process.exit(values.help ? 0 : 2)
}

const started = performance.now()
const report = (line: string) =>
  console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`)

const rows: [keyof Figures, string, string][] = [
  ['cpuMsPerEvent', 'CPU of the operator per event of 4 kB TaskRuns, both loads together', 'ms'],
  ['steadyCpuMsPerEvent', 'the same at 100 status writes a second, one event at a time', 'ms'],
  ['catchUpCpuMsPerEvent', 'the same in catch-up', 'ms'],
  ['wholeCpuMsPerEvent', 'CPU of the whole process, from start to end, per event', 'ms'],
  ['startCpuMs', 'CPU from the start until the known runs are listed', 'ms'],
  ['p50Ms', 'acknowledged status write → sink, median', 'ms'],
  ['p99Ms', 'the same, 99th percentile', 'ms'],
  ['watchP50Ms', 'acknowledged status write → a bare watch client, median', 'ms'],
  ['watchP99Ms', 'the same, 99th percentile', 'ms'],
  ['peakRssMiB', 'largest resident memory at any time', 'MiB'],
  ['steadyRssMiB', 'resident memory after the steady load', 'MiB'],
  ['catchUpPerSecond', 'durable deliveries in catch-up', '/s'],
  ['batchPerSecond', 'the same runs once more, to a sink that takes batches', '/s'],
  ['batchCpuMsPerEvent', 'CPU of the operator per event of these', 'ms'],
  ['restartFirstMs', 'start of the process with the disk of a killed one → its first delivery', 'ms'],
  ['backlogSeconds', 'a backlog drained, from the first delivery to the last', 's'],
  ['backlogRestSeconds', 'how long after its recovery the sink was tried again', 's'],
  ['backlogInversions', 'events of one run out of order in it', ''],
  ['pendingRssMiB', 'largest resident memory with very much pending', 'MiB'],
  ['pendingStartRssMiB', 'the same of a process that starts with it, and delivers it', 'MiB'],
  ['pendingStartMs', 'start of that process until it is ready', 'ms'],
  ['pendingPerSecond', 'its deliveries', '/s'],
  ['lost', 'lost', ''],
  ['repeated', 'repeated', ''],
]

report('encoding runs of 10 kB in every format')
const encoding = encodingFigures(Math.max(1, Math.round(25 * share)))
const figures = await measure(scaled(share), report, values.profile)
const round = (value: number) => Math.round(value * 100) / 100
for (const [key, what, unit] of rows)
  console.log(`${what.padEnd(72)}${String(round(figures[key])).padStart(10)} ${unit}`)
for (const [name, us] of Object.entries(encoding))
  console.log(`${`CPU to encode an event of a 10 kB run: ${name}`.padEnd(72)}${String(round(us)).padStart(10)} µs`)
const told = Object.fromEntries(rows.map(([key]) => [key, round(figures[key])]))
const encodeUs = Object.fromEntries(Object.entries(encoding).map(([name, us]) => [name, round(us)]))
console.log(JSON.stringify({ ...told, encodeUs }))
process.exit(figures.lost + figures.backlogInversions === 0 ? 0 : 1)
