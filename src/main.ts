#!/usr/bin/env node
import { text } from 'node:stream/consumers'
import pino from 'pino'
import packageJson from '../package.json' with { type: 'json' }
import { execute as ask } from './cli/execute.ts'
import { help } from './cli/help.ts'
import { type Command, readCommand } from './config/command.ts'
import type { LogLevel } from './config/config.ts'
import type { KubeLog } from './kube/log.ts'
import { run } from './run.ts'

const { version } = packageJson

/** One clear line on stderr, and the exit code that says what it was: 2 for what the user gave, 1 for what could not be done. */
function fail(message: string, code: 1 | 2): never {
  process.stderr.write(`carillon: ${message}\n`)
  process.exit(code)
}

const json = { timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level: string) => ({ level }) } }

/** JSON, or lines for people on a terminal; what makes those is only loaded there. */
async function createLogger(): Promise<(level: LogLevel) => KubeLog> {
  if (!process.stdout.isTTY) return (level) => pino({ level, base: null, ...json })
  const { default: pretty } = await import('pino-pretty')
  const options = { colorize: true, singleLine: true, translateTime: 'HH:MM:ss.l', ignore: 'pid,hostname' }
  return (level) => pino({ level, base: null }, pretty(options))
}

async function execute(command: Command): Promise<void> {
  switch (command.name) {
    case 'help':
      process.stdout.write(help(command.of))
      return
    case 'version':
      process.stdout.write(`carillon ${version}\n`)
      return
    case 'run': {
      const stop = new AbortController()
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
      const ended = await run(
        { settings: command.settings, cluster: command.cluster, version, createLog: await createLogger() },
        stop.signal,
      )
      if (!ended.ok) fail(ended.message, ended.reason === 'FlagInvalid' || ended.reason === 'ConfigInvalid' ? 2 : 1)
      return
    }
    default: {
      // `| head` has read enough.
      process.stdout.once('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1))
      const around = { version, now: Date.now(), out }
      const done = await (command.name === 'local'
        ? command.run({ ...around, cluster: command.cluster, stdin: () => text(process.stdin) })
        : ask(command, around))
      if (!done.ok) fail(done.message, given.has(done.reason) ? 2 : 1)
    }
  }
}

/** Reasons that speak of what the user gave. */
const given = new Set(['FlagInvalid', 'NotConfirmed', 'InputInvalid'])

const out = {
  print: (text: string) => void process.stdout.write(text),
  note: (line: string) => void process.stderr.write(`${line}\n`),
}

const command = readCommand(process.argv.slice(2), process.env)
if (!command.ok) fail(command.message, 2)
await execute(command.value)
