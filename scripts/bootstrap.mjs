// Makes a bare checkout runnable: installs what package-lock.json names, when it is not there yet or has changed.
// Runs before every npm script, on whatever Node the machine has (20 or later); the script itself then finds the
// pinned Node 24 in node_modules/.bin. Says nothing when there is nothing to do; everything it says is on stderr.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const stamp = join(modules, '.carillon-lock-hash')

/** The platforms for which the lock file carries a Node of its own. */
const glibc = process.platform === 'linux' && Boolean(process.report.getReport().header.glibcVersionRuntime)
const carriesNode = glibc && ['x64', 'arm64'].includes(process.arch)

if (!carriesNode && Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `carillon: Node 24 or later is needed on ${process.platform} ${process.arch}; this is ${process.version} (https://nodejs.org/en/download)`,
  )
  process.exit(2)
}

const hash = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== hash) {
  console.error('carillon: installing npm packages ...')
  const start = Date.now()
  const install = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--include=optional', '--include=dev', '--loglevel=error', '--no-audit', '--no-fund'],
    { cwd: root, stdio: ['ignore', 2, 2] },
  )
  if (install.error || install.status !== 0) {
    console.error(`carillon: npm ci failed${install.error ? `: ${install.error.message}` : ''}`)
    process.exit(install.status || 1)
  }
  // Where the carried Node can't run, the machine's own (checked above) must not be hidden by it.
  if (!carriesNode) rmSync(join(modules, '.bin', 'node'), { force: true })
  writeFileSync(stamp, hash)
  console.error(`carillon: installed in ${Math.round((Date.now() - start) / 1000)} s`)
}
