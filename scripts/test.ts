import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { ensureAll } from '../test/controlplane/tools.ts'

/** `npm test [-- files]`: builds what the tests run against, then runs them all. */
const given = process.argv.slice(2)
const files = given.length > 0 ? given : globSync('test/**/*.test.ts').sort()

await ensureAll((line) => console.error(line))

console.error(`running ${files.length} test files`)
// Node would run one at a time on two cores; most of the time other processes are waited for.
const width = Math.max(2, availableParallelism() - 1)
const flags = ['--test', '--test-reporter=spec', `--test-concurrency=${width}`]
const child = spawn(process.execPath, [...flags, ...files], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
