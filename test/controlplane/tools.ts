// The Go programs that tests, the demo and the benchmark need: built once from pinned modules (test/tools), kept in a
// cache outside the checkout. As a program (npm run tools) it builds them all.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { find } from './process.ts'

type Family = 'controlplane' | 'tekton' | 'helm' | 'cdevents' | 'helm-controller' | 'kustomize-controller'

/** A main package of a family's module, or of one that its go.mod requires. */
type Tool = { family: Family; package: string; ldflags: string }

const version = 'k8s.io/component-base/version'

const tools = {
  'kube-apiserver': {
    family: 'controlplane',
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    ldflags: `-s -w -X ${version}.gitVersion=v1.34.4 -X ${version}.gitMajor=1 -X ${version}.gitMinor=34`,
  },
  etcd: { family: 'controlplane', package: 'go.etcd.io/etcd/server/v3', ldflags: '-s -w' },
  'tekton-controller': { family: 'tekton', package: './controller', ldflags: '-s -w' },
  'tekton-convert': { family: 'tekton', package: './convert', ldflags: '-s -w' },
  'tekton-events': { family: 'tekton', package: './events', ldflags: '-s -w' },
  'cdevents-verdicts': { family: 'cdevents', package: './verdicts', ldflags: '-s -w' },
  helm: { family: 'helm', package: 'helm.sh/helm/v4/cmd/helm', ldflags: '-s -w' },
  'helm-controller': { family: 'helm-controller', package: 'github.com/fluxcd/helm-controller', ldflags: '-s -w' },
  'kustomize-controller': {
    family: 'kustomize-controller',
    package: 'github.com/fluxcd/kustomize-controller',
    ldflags: '-s -w',
  },
} as const satisfies Record<string, Tool>

export type ToolName = keyof typeof tools

export const toolNames = Object.keys(tools) as ToolName[]

/** Not built, only its CRDs are wanted, so that no go.mod names it: the Go checksum database vouches for it. */
export const sourceController = 'github.com/fluxcd/source-controller@v1.9.1'

const environment = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' }

const moduleFolder = (family: Family): string => fileURLToPath(new URL(`../tools/${family}`, import.meta.url))

/** The folder that holds the files of a Go module, in the version which a family's go.mod or `@…` names; downloaded if need be. */
export async function moduleFiles(family: Family, module: string): Promise<string> {
  goVersion()
  const lines = await go(['mod', 'download', '-json', module], moduleFolder(family))
  return (JSON.parse(lines.join('\n')) as { Dir: string }).Dir
}

/** Where built tools are kept: `$CARILLON_CACHE/tools`, else `carillon/tools` in the user's cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.CARILLON_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'carillon')
  return join(base, 'tools')
}

/**
 * The path of a tool's binary, built first where it isn't there yet (minutes, once). `report` gets a line a second while
 * it builds; left out, the terminal does. Rejects with what to do where Go is missing or too old, and with the compiler's
 * words where a build fails.
 */
export async function ensureTool(name: ToolName, report: (line: string) => void = terminalReport()): Promise<string> {
  const assets = process.env.KUBEBUILDER_ASSETS
  if (assets && (name === 'kube-apiserver' || name === 'etcd')) {
    const path = join(assets, name)
    if (!existsSync(path)) throw new Error(`KUBEBUILDER_ASSETS is ${assets}, but there is no ${name} in it`)
    return path
  }
  const path = join(cacheFolder(), `${name}-${contentHash(tools[name], goVersion())}`)
  if (existsSync(path)) return path
  mkdirSync(cacheFolder(), { recursive: true })
  using _lock = await lock(join(cacheFolder(), 'build.lock'), () =>
    report(`${name}: waiting for another process that builds tools`),
  )
  if (!existsSync(path)) await build(name, path, report)
  return path
}

/** Everything that tests build or download, so that they themselves need no network. Resolves to the tools' paths. */
export async function ensureAll(report?: (line: string) => void): Promise<string[]> {
  const paths: string[] = []
  for (const name of toolNames) paths.push(await ensureTool(name, report))
  await moduleFiles('helm-controller', sourceController)
  return paths
}

function goVersion(): string {
  const needed = 'Go 1.26 or later is needed to build the test control plane'
  if (!find('go')) throw new Error(`${needed}, and there is no go in PATH: see https://go.dev/doc/install`)
  const [found = '', os, arch] = execFileSync('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], { encoding: 'utf8' })
    .trim()
    .split('\n')
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(found) ?? []
  if (major && (Number(major) < 1 || (Number(major) === 1 && Number(minor) < 26))) {
    throw new Error(`${needed}; this is ${found}: see https://go.dev/doc/install`)
  }
  return `${found} ${os} ${arch}`
}

function contentHash(tool: Tool, go: string): string {
  const hash = createHash('sha256')
  const folder = moduleFolder(tool.family)
  const own = tool.package.startsWith('./') ? goFiles(folder, tool.package) : []
  for (const file of ['go.mod', 'go.sum', ...own]) hash.update(readFileSync(join(folder, file)))
  return hash.update(`${tool.package}\n${tool.ldflags}\n${go}`).digest('hex').slice(0, 16)
}

const goFiles = (folder: string, own: string): string[] =>
  readdirSync(join(folder, own))
    .filter((file) => file.endsWith('.go'))
    .sort()
    .map((file) => join(own, file))

async function build(name: ToolName, path: string, report: (line: string) => void): Promise<void> {
  const tool = tools[name]
  const cwd = moduleFolder(tool.family)
  const start = Date.now()
  const where = `${name} (${toolNames.indexOf(name) + 1}/${toolNames.length})`
  const seconds = () => `${Math.round((Date.now() - start) / 1000)} s`
  report(`building ${where}: downloading modules`)
  const total = (await go(['list', '-deps', tool.package], cwd)).length

  const temporary = `${path}.${process.pid}.new`
  let compiled = 0
  const progress = setInterval(() => {
    const packages = compiled > 0 ? `, ${compiled}/${total} packages` : ''
    report(`building ${where}: ${seconds()}${packages}`)
  }, 1000)
  try {
    // -v names each package as it is compiled; those that Go still has from an earlier build are not named.
    const args = [
      'build',
      '-v',
      '-trimpath',
      '-buildvcs=false',
      '-ldflags',
      tool.ldflags,
      '-o',
      temporary,
      tool.package,
    ]
    await go(args, cwd, () => {
      compiled += 1
    })
    renameSync(temporary, path)
  } finally {
    clearInterval(progress)
    rmSync(temporary, { force: true })
  }
  report(`built ${where} in ${seconds()}`)
}

/** Runs go, resolves with its lines of output; `onPackage` hears of each package that it compiles. */
async function go(args: string[], cwd: string, onPackage?: () => void): Promise<string[]> {
  const child = spawn('go', args, { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const complaints: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (onPackage && /^\S+$/.test(line)) onPackage()
    else complaints.push(line)
  })
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`go ${args[0]} failed in ${cwd}:\n${complaints.slice(-20).join('\n')}`)
  return lines
}

/**
 * Takes the lock, waiting while another process holds it. It is SQLite's own on an empty database, for it is the kernel's:
 * it ends with the process that holds it, however that ends, so that none is ever stale.
 */
async function lock(path: string, onWait: () => void): Promise<Disposable> {
  const database = new DatabaseSync(path, { timeout: 0 })
  for (let waited = 0; ; waited += 1) {
    try {
      database.exec('BEGIN EXCLUSIVE')
      return { [Symbol.dispose]: () => database.close() }
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    }
    if (waited % 40 === 0) onWait()
    await delay(250)
  }
}

const SQLITE_BUSY = 5

/** Progress on stderr: on a terminal one line that changes, elsewhere (CI logs) a line every ten seconds. */
export function terminalReport(): (line: string) => void {
  let last = 0
  return (line) => {
    const isDone = line.startsWith('built')
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}${isDone ? '\n' : ''}`)
    else if (isDone || Date.now() - last >= 10_000) {
      last = Date.now()
      process.stderr.write(`${line}\n`)
    }
  }
}

if (import.meta.main) {
  try {
    for (const path of await ensureAll()) console.log(path)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
