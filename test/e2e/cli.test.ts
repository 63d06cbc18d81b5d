// The program as its users start it: what it says, what it refuses, and how it ends.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import packageJson from '../../package.json' with { type: 'json' }
import { type Stage, startStage } from './fixture.ts'

type Ended = { code: number; stdout: string; stderr: string }

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

describe('carillon', () => {
  const resources = new AsyncDisposableStack()
  let stage: Stage
  let scratch: string

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'carillon-cli-'))
    stage = resources.use(await startStage())
  })
  after(async () => {
    await resources.disposeAsync()
    rmSync(scratch, { recursive: true, force: true })
  })

  /** Runs it to its end, with no more in the environment than is given, and no cluster unless one is named. */
  const carillon = (args: string[], env: Record<string, string> = {}): Promise<Ended> =>
    new Promise((resolve) => {
      const options = { env: { PATH: process.env.PATH, HOME: scratch, ...env }, timeout: 60_000 }
      execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      )
    })

  /** The kubeconfig of somebody who may do nothing. */
  const powerless = (): string => {
    const config = parse(readFileSync(stage.cp.kubeconfig('admin'), 'utf8'))
    for (const { user } of config.users) user.as = 'nobody'
    const file = join(scratch, 'powerless.yaml')
    writeFileSync(file, stringify(config))
    return file
  }

  const inCluster = (...args: string[]): string[] => as(stage.cp.kubeconfig('operator'), ...args)

  const as = (kubeconfig: string, ...args: string[]): string[] => [
    ...['run', '--kubeconfig', kubeconfig, '--data-dir', join(scratch, 'data')],
    ...['--listen', '127.0.0.1:0', ...args],
  ]

  const assertRefused = (ended: Ended, code: number, message: RegExp): void => {
    assert.match(ended.stderr, message)
    assert.match(ended.stderr, /^carillon: [^\n]+\n$/, 'not one line')
    assert.equal(ended.code, code)
  }

  it('explains itself', async () => {
    const overview = await carillon(['--help'])
    assert.deepEqual([overview.code, overview.stderr], [0, ''])
    assert.match(overview.stdout, /carillon run \[flags\]/)
    const run = await carillon(['run', '--help'])
    assert.deepEqual([run.code, run.stderr], [0, ''])
    for (const flag of ['kubeconfig', 'data-dir', 'admin-namespace', 'allow-cidr', 'cluster-uri', 'dashboard-url'])
      assert.match(run.stdout, new RegExp(`^  --${flag} `, 'm'))
    assert.deepEqual(await carillon(['version']), { code: 0, stdout: `carillon ${packageJson.version}\n`, stderr: '' })
  })

  it('refuses what it is given wrong in one line, with exit code 2', { concurrency: 2 }, async (context) => {
    const cases: [args: string[], message: RegExp, env?: Record<string, string>][] = [
      [
        ['frobnicate'],
        /unknown command 'frobnicate'; the commands are run, deadletters, replay, purge, sinks, events, import, explain, version and help/,
      ],
      [['run', '--frob'], /unknown option '--frob'; see 'carillon run --help'/],
      [['run', 'now'], /unexpected argument 'now'/],
      [['run', '--data-dir'], /'--data-dir <value>' argument missing/],
      [['run', '--class', 'a', '--class', 'b'], /--class may be given once/],
      [['run', '--listen', 'nowhere'], /--listen 'nowhere' must be host:port or :port/],
      [['run', '--log-level', 'loud'], /--log-level must be one of debug, info, warn, error, not 'loud'/],
      [['run', '--watch-namespace', 'Team A'], /--watch-namespace 'Team A' is no name/],
      [['run', '--allow-cidr', '10.0.0.0/33'], /--allow-cidr: .*10\.0\.0\.0\/33/],
      [['run', '--cluster-uri', 'a b'], /--cluster-uri 'a b' is no URI reference/],
      [['run', '--dashboard-url', 'https://ui/{{nope}}'], /--dashboard-url: .*\{\{nope\}\} is not known/],
      [['run'], /--log-level must be one of/, { CARILLON_LOG_LEVEL: 'loud' }],
    ]
    const tests = cases.map(([args, message, env]) =>
      context.test(args.join(' '), async () => assertRefused(await carillon(args, env), 2, message)),
    )
    await Promise.all(tests)
  })

  it('says what it tried where there is no cluster, with exit code 1', async () => {
    assertRefused(await carillon(['run']), 1, /no cluster: .*\.kube\/config does not exist.*--kubeconfig or KUBECONFIG/)
    const nowhere = join(scratch, 'nowhere')
    assertRefused(await carillon(['run'], { KUBECONFIG: nowhere }), 1, /nowhere is of no use: there is no such file/)
    const closed = stage.cp.kubeconfig('operator', 'https://127.0.0.1:1')
    assertRefused(
      await carillon(['run', '--kubeconfig', closed]),
      1,
      /no answer from https:\/\/127\.0\.0\.1:1 .*Is the cluster up, and is this its address\?/,
    )
  })

  it('imports nothing where Tekton is not, where its settings may not be read, and where there is no cluster', async () => {
    const importing = ['import', 'tekton-config', '--into', 'platform', '--kubeconfig']
    const nothing = await carillon([...importing, stage.cp.kubeconfig('admin')])
    assertRefused(nothing, 1, /namespace tekton-pipelines has none of the ConfigMaps config-events.*with --namespace/)
    const forbidden = await carillon([...importing, powerless()])
    assertRefused(forbidden, 1, /the ConfigMaps of namespace tekton-pipelines can't be read: .*forbidden/)
    assertRefused(await carillon(importing.slice(0, -1)), 1, /no cluster: /)
    assertRefused(await carillon(importing.slice(0, 2)), 2, /--into is needed: an admin namespace/)
    assertRefused(await carillon([...importing.slice(0, -1), '-f', join(scratch, 'none.yaml')]), 2, /there is no file /)
  })

  it('says when its port or its data directory is taken, or can not be used', async () => {
    const running = await stage.operator()
    const { host } = new URL(running.health)
    assertRefused(
      await carillon(inCluster().map((arg) => (arg === '127.0.0.1:0' ? host : arg))),
      1,
      new RegExp(`can't listen on ${host}: something else listens there; choose another address with --listen`),
    )
    assertRefused(
      await carillon(inCluster().map((arg) => (arg === join(scratch, 'data') ? running.dataDir : arg))),
      1,
      /another process has the data directory .*: stop it, or give another --data-dir/,
    )
    const file = join(scratch, 'file')
    writeFileSync(file, '')
    assertRefused(
      await carillon(inCluster().map((arg) => (arg === join(scratch, 'data') ? join(file, 'data') : arg))),
      1,
      /the data directory .*file\/data cannot be used/,
    )
    assert.equal(await running.stop(), 'exited with 0')
  })

  it('takes each setting from the flag, else the environment, else the ConfigMap', async () => {
    await configure('clusterUri: /clusters/from-file\nlogLevel: debug\nadminNamespaces: [platform]\n')
    const uri = async (args: string[], env: Record<string, string>): Promise<unknown> => {
      const operator = await stage.operator({ args, env })
      const line = operator.log.find(({ msg }) => msg === 'carillon runs')
      await operator.kill()
      return line?.source
    }
    const env = { CARILLON_CLUSTER_URI: '/clusters/from-env' }
    assert.equal(await uri(['--cluster-uri', '/clusters/from-flag'], env), '/clusters/from-flag')
    assert.equal(await uri([], env), '/clusters/from-env')

    const operator = await stage.operator({ args: [] })
    assert.equal(operator.log.find(({ msg }) => msg === 'carillon runs')?.source, '/clusters/from-file')
    const team = await stage.team('platform')
    await team.sink('sink', { url: 'https://example.com' })
    await team.subscription('subscription', { namespaceSelector: {} })
    await team.condition('EventSubscription', 'subscription', 'Ready', { status: 'False', reason: 'KindNotServed' })
    assert.ok(operator.log.some(({ level }) => level === 'debug'))
    await operator.kill()
  })

  it('refuses a ConfigMap that it does not understand', async () => {
    const cases: [yaml: string, message: RegExp][] = [
      ['adminNamespace: [platform]\n', /carillon-config: unknown key 'adminNamespace'; allowed are adminNamespaces, /],
      ['adminNamespaces: platform\n', /carillon-config: adminNamespaces must be a list of strings/],
      ['adminNamespaces: [\n', /ConfigMap carillon-config, config\.yaml: /],
      ['egress: {allowCidrs: [nowhere]}\n', /nowhere/],
    ]
    for (const [yaml, message] of cases) {
      await configure(yaml)
      assertRefused(await carillon(inCluster()), 2, message)
    }
  })

  it('does not go on without a ConfigMap that it may not read', async () => {
    const forbidden = /^carillon: ConfigMap carillon-config of namespace default can't be read: .*forbidden/
    assertRefused(await carillon(as(powerless(), '--namespace', 'default')), 1, forbidden)
  })

  async function configure(yaml: string): Promise<void> {
    const metadata = { name: 'carillon-config', namespace: 'carillon-system' }
    await stage.admin.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'config.yaml': yaml } })
  }
})
