import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

const name = 'config.last-good.yaml'

/** The config.yaml that was accepted last, as the data directory has it; undefined where there is none. */
export async function readLastGood(directory: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, name), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes it down durably: a crash leaves the one before, or this one. */
export async function keepLastGood(directory: string, text: string): Promise<void> {
  if ((await readLastGood(directory)) === text) return
  const path = join(directory, name)
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  const folder = await open(directory, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
