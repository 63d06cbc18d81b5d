// The shipped bundle as a process of its own, to be ended, stopped for a while and started again, ready or not.
import { spawn } from 'node:child_process'
import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { type Bound, spawnBound } from '../controlplane/process.ts'
import { environment, v8Flags } from '../operator/process.ts'

export type OperatorSetup = {
  /** The bundle. */
  program: string
  kubeconfig: string
  dataDir: string
  /** All that it says, of all its lives. */
  logFile: string
  args: string[]
}

/** For one life. */
export type LifeOptions = { nodeFlags?: string[]; env?: Record<string, string>; args?: string[]; dataDir?: string }

/** `from`: where in the log it begins. */
type Life = Bound & { from: number; hasEnded: boolean }

export class Operator implements AsyncDisposable {
  readonly #setup: OperatorSetup
  #life: Life | undefined
  #last: LifeOptions = {}

  constructor(setup: OperatorSetup) {
    this.#setup = setup
  }

  get pid(): number {
    return this.#alive().pid
  }

  /** Starts it, and does not wait. Options that are left out are those of the life before. */
  launch(options: LifeOptions = this.#last): void {
    this.#last = options
    const { program, kubeconfig, logFile, args } = this.#setup
    const { dataDir = this.#setup.dataDir, nodeFlags = [], env = {}, args: more = [] } = options
    const from = existsSync(logFile) ? readFileSync(logFile, 'utf8').length : 0
    const log = openSync(logFile, 'a')
    const fixed = ['--kubeconfig', kubeconfig, '--data-dir', dataDir, '--listen', '127.0.0.1:0']
    const bound = spawnBound(process.execPath, [...v8Flags, ...nodeFlags, program, 'run', ...fixed, ...args, ...more], {
      stdio: ['ignore', log, log],
      env: { ...environment, ...env },
    })
    closeSync(log)
    const life = { ...bound, from, hasEnded: false }
    this.#life = life
    void bound.exited.then((how) => {
      life.hasEnded = true
      appendFileSync(logFile, `{"level":"info","msg":"process ${bound.pid} ${how}"}\n`)
    })
  }

  /** Starts it again where it has ended by itself, as a kubelet does: a start that meets a cut connection ends. */
  revive(): void {
    if (this.#alive().hasEnded) this.launch()
  }

  /** Starts it and resolves when it is ready; rejects where it ends before. */
  async start(options?: LifeOptions): Promise<void> {
    this.launch(options)
    await this.ready()
  }

  async ready(timeoutMs = 60_000): Promise<void> {
    const life = this.#alive()
    const ended = life.exited.then((how) => {
      throw new Error(`the operator ${how}: ${this.log().split('\n').slice(-4).join(' | ')}`)
    })
    ended.catch(() => undefined)
    const answers = async () => {
      const health = this.health()
      return health !== undefined && (await fetch(`${health}/readyz`)).ok
    }
    for (const end = Date.now() + timeoutMs; ; await Promise.race([delay(20), ended])) {
      if (await Promise.race([answers().catch(() => false), ended])) return
      if (Date.now() > end) throw new Error(`the operator was not ready after ${timeoutMs} ms`)
    }
  }

  /** What the present life has said. */
  log(): string {
    return readFileSync(this.#setup.logFile, 'utf8').slice(this.#alive().from).trimEnd()
  }

  /** `http://127.0.0.1:port`, once it listens. */
  health(): string | undefined {
    const line = this.log()
      .split('\n')
      .find((one) => one.includes('"carillon runs"'))
    return line && `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}`
  }

  /** A metric's value, summed over its labels or over those lines that hold `label`. */
  async metric(name: string, label = ''): Promise<number> {
    const text = await (await fetch(`${this.health()}/metrics`)).text()
    const lines = text
      .split('\n')
      .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(label))
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#alive().kill()
  }

  /** SIGTERM; resolves with how it ended. */
  async stop(): Promise<string> {
    process.kill(this.pid, 'SIGTERM')
    return this.#alive().exited
  }

  /** Resolves with how it ended by itself. */
  exited(): Promise<string> {
    return this.#alive().exited
  }

  /** What `carillon` says to a command about this operator, on either stream. */
  async command(...args: string[]): Promise<string> {
    const { program, dataDir } = this.#setup
    const child = spawn(process.execPath, [program, ...args, '--data-dir', dataDir], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = await Promise.all([text(child.stdout), text(child.stderr)])
    return said.join('').trim()
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.pid, name)
  }

  /** Largest resident set so far, MiB. */
  peakMiB(): number {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]) / 1024
  }

  #alive(): Life {
    if (!this.#life) throw new Error('the operator was never started')
    return this.#life
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#life?.kill()
  }
}
