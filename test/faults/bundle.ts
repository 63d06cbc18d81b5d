import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Builds the program as it is shipped, one file, into `directory`; returns its path. */
export function buildBundle(directory: string): string {
  const file = join(directory, 'carillon.js')
  const built = spawnSync(process.execPath, ['scripts/build.ts', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  })
  if (built.status !== 0) throw new Error('the operator could not be built')
  return file
}
