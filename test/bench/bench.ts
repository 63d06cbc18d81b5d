// npm run bench: measures the operator under load, prints a table and, last, one line of JSON.
import { parseArgs } from 'node:util'
import { encodingFigures } from './encoding.ts'
import { type KonfluxFigures, measureKonflux, scaledKonflux } from './konflux.ts'
import { type Figures, measure, scaled } from './measure.ts'
import { measureTenants, scaledTenants, type TenantsFigures } from './tenants.ts'

const usage = `Usage: npm run bench [-- --scale SHARE] [--only PART]
  --only PART     encoding, tekton, konflux or tenants; all of them when left out
  --scale SHARE   share of the full sizes, 0.05 for a quick look; default 1
  --profile DIR   write a CPU profile of the operator there
`
const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    profile: { type: 'string' },
    only: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
const share = Number(values.scale)
const parts = ['encoding', 'tekton', 'konflux', 'tenants']
const { only } = values
if (values.help || !(share > 0 && share <= 1) || (only !== undefined && !parts.includes(only))) {
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

const konfluxRows: [keyof KonfluxFigures, string, string][] = [
  ['coldFirstMs', 'Konflux: start of the process, without a disk → its first delivery', 'ms'],
  ['coldListedMs', 'the same → all builds and Snapshots are listed', 'ms'],
  ['coldDeliveredMs', 'the same → all events of the past are delivered', 'ms'],
  ['coldPerSecond', 'durable deliveries of the past', '/s'],
  ['coldCpuMs', 'CPU of the operator until then', 'ms'],
  ['coldPeakRssMiB', 'largest resident memory until then', 'MiB'],
  ['konfluxSteadyRssMiB', 'resident memory after live builds', 'MiB'],
  ['konfluxPeakRssMiB', 'largest resident memory at any time', 'MiB'],
  ['buildKb', 'a build as the watch tells it', 'kB'],
  ['watchKbPerEvent', 'watch traffic per delivered event of live builds', 'kB'],
  ['konfluxCpuMsPerEvent', 'CPU of the operator per delivered event of these', 'ms'],
  ['konfluxCpuAllowedMs', '0.5 ms an event and 30 µs per kB of the watch come to', 'ms'],
  ['konfluxCpuShare', 'share of that', ''],
  ['coldCpuShare', 'the same of the cold start, with what was listed for the watch', ''],
  ['bothCpuShare', 'and of both together', ''],
  ['konfluxP50Ms', 'acknowledged write → sink, median', 'ms'],
  ['konfluxP99Ms', 'the same, 99th percentile', 'ms'],
  ['konfluxLost', 'lost', ''],
  ['konfluxRepeated', 'repeated', ''],
]

const tenantsRows: [keyof TenantsFigures, string, string][] = [
  ['tenantsReadyMs', 'many tenants: start of the process, without a disk → it is ready', 'ms'],
  ['tenantsToldMs', 'the same → each sink and subscription is told that it is', 'ms'],
  ['tenantsPeakRssMiB', 'largest resident memory at any time', 'MiB'],
  ['tenantsRssMiB', 'resident memory at the end', 'MiB'],
  ['tenantsIdleCpu', 'CPU of the operator while nothing happens, of a core', '%'],
  ['calmP99Ms', 'acknowledged write → sink, 99th percentile, median of calm rounds', 'ms'],
  ['unheardP99Ms', 'the same beside the writes of a flood that nobody hears of', 'ms'],
  ['floodP99Ms', 'the same beside a tenant that floods, with these very writes', 'ms'],
  ['pacedP99Ms', 'the same where a quota of 100 events a second holds it back', 'ms'],
  ['calmWatchP99Ms', 'acknowledged write → a bare watch client, 99th percentile, median of calm rounds', 'ms'],
  ['unheardWatchP99Ms', 'the same beside the writes of a flood that nobody hears of', 'ms'],
  ['floodWatchP99Ms', 'the same beside a tenant that floods', 'ms'],
  ['floodPerSecond', 'events of that one that came', '/s'],
  ['pacedPerSecond', 'the same under the quota', '/s'],
  ['tenantsLost', 'lost', ''],
  ['tenantsRepeated', 'repeated', ''],
]

const round = (value: number) => Math.round(value * 100) / 100
const line = (what: string, value: number, unit: string) =>
  console.log(`${what.padEnd(72)}${String(round(value)).padStart(10)} ${unit}`)
const wanted = (part: string) => only === undefined || only === part
const told: Record<string, unknown> = {}
let failed = false

if (wanted('encoding')) {
  report('encoding runs of 10 kB in every format')
  const encoding = encodingFigures(Math.max(1, Math.round(25 * share)))
  for (const [name, us] of Object.entries(encoding)) line(`CPU to encode an event of a 10 kB run: ${name}`, us, 'µs')
  told.encodeUs = Object.fromEntries(Object.entries(encoding).map(([name, us]) => [name, round(us)]))
}
if (wanted('tekton')) {
  const figures = await measure(scaled(share), report, values.profile)
  for (const [key, what, unit] of rows) line(what, figures[key], unit)
  for (const [key] of rows) told[key] = round(figures[key])
  failed ||= figures.lost + figures.backlogInversions > 0
}
if (wanted('konflux')) {
  const figures = await measureKonflux(scaledKonflux(share), report)
  for (const [key, what, unit] of konfluxRows) line(what, figures[key], unit)
  for (const [key] of konfluxRows) told[key] = round(figures[key])
  failed ||= figures.konfluxLost > 0
}
if (wanted('tenants')) {
  const figures = await measureTenants(scaledTenants(share), report)
  for (const [key, what, unit] of tenantsRows) line(what, figures[key], unit)
  for (const [key] of tenantsRows) told[key] = round(figures[key])
  failed ||= figures.tenantsLost > 0
}
console.log(JSON.stringify(told))
process.exit(failed ? 1 : 0)
