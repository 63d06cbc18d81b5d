import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AdminClient } from '../../controlplane/admin.ts'
import { compact } from '../../controlplane/compact.ts'
import type { Received } from '../../controlplane/sink.ts'
import type { OperatorProcess } from '../../operator/process.ts'
import { momentOf, type Stage, toLoopback } from '../fixture.ts'

/** What is there once the tests begin; empty before. */
export type Scene = { stage: Stage; admin: AdminClient }

const program = fileURLToPath(new URL('program.ts', import.meta.url))

/** Operators one after the other, each on what the one before has left: with its disk, or without. The margin is a second. */
export class Lives implements AsyncDisposable {
  private readonly stage: Stage
  private readonly args: string[]
  private dataDir = fresh()
  current: OperatorProcess | undefined

  constructor(stage: Stage, args: string[] = []) {
    this.stage = stage
    // Nothing else works here, and who has lost its disk is somebody else.
    this.args = [...toLoopback, '--leader-elect=false', ...args]
  }

  async begin(options: { program?: string } = {}): Promise<OperatorProcess> {
    this.current = await this.stage.operator({ args: this.args, dataDir: this.dataDir, program, ...options })
    return this.current
  }

  async kill(): Promise<void> {
    await this.current?.kill()
  }

  loseDisk(): void {
    rmSync(this.dataDir, { recursive: true, force: true })
    this.dataDir = fresh()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

const fresh = () => mkdtempSync(join(tmpdir(), 'carillon-lives-'))

/** `<run> <milestone>` of each, in alphabetical order, each once. */
export const moments = (received: readonly Received[]): string[] =>
  [...new Set(received.map((one) => momentOf(one).replace(/^\w+\//, '')))].sort()

/** Throws where one moment came under two ids. */
export function oneIdEach(received: readonly Received[]): void {
  const ids = new Map<string, string>()
  for (const one of received) {
    const known = ids.get(momentOf(one)) ?? one.id
    ids.set(momentOf(one), known)
    if (known !== one.id) throw new Error(`${momentOf(one)} came as ${known} and as ${one.id}`)
  }
}

/** The API server then has nothing of what was before: a watch that goes on from its place is told so. */
export async function forgetThePast({ stage: { cp } }: Scene): Promise<void> {
  await compact(cp)
  await cp.apiserver.kill()
  await cp.apiserver.restart()
}
