import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { ensureAll } from '../test/controlplane/tools.ts'

/** `npm test [-- files]`: builds what the tests run against, then runs them all. */
const given = process.argv.slice(2)
const files = given.length > 0 ? given : globSync('test/**/*.test.ts').sort()

await ensureAll((line) => console.error(line))

console.error(`running ${files.length} test files`)
const child = spawn(process.execPath, ['--test', '--test-reporter=spec', ...files], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
