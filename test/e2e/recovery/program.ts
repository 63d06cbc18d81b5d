// The operator as it is, but for the margin that is taken off checkpoints: a test can't wait for minutes.
import pino from 'pino'
import { readCommand } from '../../../src/config/command.ts'
import { run } from '../../../src/run.ts'

const command = readCommand(process.argv.slice(2), process.env)
if (!command.ok || command.value.name !== 'run') throw new Error('this program only runs the operator')
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const { settings, cluster } = command.value
const createLog = () => pino({ level: 'info', formatters: { level: (level) => ({ level }) } })
const ended = await run({ settings, cluster, version: 'test', marginMs: 1000, createLog }, stop.signal)
if (!ended.ok) throw new Error(ended.message)
