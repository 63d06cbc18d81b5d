// The operator as a process of its own, as a user starts it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ControlPlane } from '../controlplane/controlplane.ts'
import { spawnBound } from '../controlplane/process.ts'

export type LogLine = { level: string; msg: string } & Record<string, unknown>

export type OperatorProcess = AsyncDisposable & {
  pid: number
  dataDir: string
  /** `http://127.0.0.1:port` of /healthz, /readyz and /metrics. */
  health: string
  log: LogLine[]
  /** Resolves with how it ended, and what it said on stderr. */
  exited: Promise<{ how: string; errors: string[] }>
  /** Resolves once it works: one that waited for a Lease. */
  ready(): Promise<void>
  /** SIGTERM; resolves with how it ended. */
  stop(): Promise<string>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

export type OperatorOptions = {
  /** Beside --kubeconfig, --data-dir and --listen. */
  args?: string[]
  user?: 'admin' | 'operator'
  /** Another address of the API server: a proxy. */
  server?: string
  /** Kept by the caller; a temporary one when left out. */
  dataDir?: string
  /** Beside what this process has. */
  env?: Record<string, string>
  /** The program; src/main.ts when left out. */
  program?: string
  /** For Node, beside `v8Flags`. */
  nodeFlags?: string[]
  /** Resolve already when it waits for the Lease that another one holds. */
  standby?: boolean
}

/** As in the image, the chart and the npm script: a small heap, and few arenas of malloc. */
export const v8Flags = ['--max-semi-space-size=1', '--max-old-space-size=64', '--v8-pool-size=1']
export const environment = { ...process.env, MALLOC_ARENA_MAX: '2' }

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Starts the operator and resolves once it is ready. It may send to loopback unless `args` say otherwise. */
export async function startOperator(
  cp: Pick<ControlPlane, 'kubeconfig'>,
  options: OperatorOptions = {},
): Promise<OperatorProcess> {
  const { args = ['--allow-cidr', '127.0.0.0/8'], user = 'operator', server, program = main } = options
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'carillon-data-'))
  const fixed = ['--kubeconfig', cp.kubeconfig(user, server), '--data-dir', dataDir, '--listen', '127.0.0.1:0']
  const { child, pid, exited, kill } = spawnBound(
    process.execPath,
    [...v8Flags, ...(options.nodeFlags ?? []), program, 'run', ...fixed, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment, ...options.env },
    },
  )
  const log: LogLine[] = []
  const errors: string[] = []
  const started = Promise.withResolvers<number>()
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    const entry = JSON.parse(line) as LogLine
    log.push(entry)
    const waits = options.standby && entry.msg === 'another instance holds the Lease: waiting for it'
    if (entry.msg === 'carillon runs' || waits) started.resolve(entry.port as number)
  })
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => errors.push(line))
  const ended = exited.then((how) => Promise.reject(new Error(`the operator ended (${how}): ${errors.join('\n')}`)))
  const port = await Promise.race([started.promise, ended])
  ended.catch(() => undefined)
  const health = `http://127.0.0.1:${port}`
  try {
    if (!options.standby) await untilReady(health)
  } catch (error) {
    await kill()
    throw error
  }
  return {
    pid,
    dataDir,
    health,
    log,
    exited: exited.then((how) => ({ how, errors })),
    ready: () => untilReady(health),
    kill: async () => void (await kill()),
    async stop() {
      process.kill(pid, 'SIGTERM')
      return exited
    },
    async [Symbol.asyncDispose]() {
      await kill()
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function untilReady(health: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const response = await fetch(`${health}/readyz`)
    const text = await response.text()
    if (response.ok) return
    if (attempt === 600) throw new Error(`the operator is not ready: ${text}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The value of a metric, summed over its labels, or over those lines that hold `label`: `reason="Overflow"`. */
export async function metric(operator: OperatorProcess, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${operator.health}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  return lines
    .filter((line) => line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
