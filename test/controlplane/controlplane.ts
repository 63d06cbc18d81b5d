// A Kubernetes control plane on free ports of 127.0.0.1: etcd and kube-apiserver, RBAC on, real TLS, no nodes.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { selectableFamilies } from '../../src/sources/source.ts'
import { AdminClient, type Manifest } from './admin.ts'
import { type Bound, spawnBound } from './process.ts'
import { freePorts, inMemory, makeScratch, noteChild, removeScratch } from './scratch.ts'
import { ensureTool } from './tools.ts'

export type ControlPlane = AsyncDisposable & {
  /** `https://127.0.0.1:port` */
  url: string
  /** PEM of the authority that signed the API server's certificate (good for 127.0.0.1 and localhost). */
  ca: string
  /** In group system:masters. */
  adminToken: string
  /** Of system:serviceaccount:carillon-system:carillon, which has no rights before `applyOperatorRights`. */
  operatorToken: string
  /** Temporary, removed at the end: logs, certificates, kubeconfigs, etcd's data. */
  directory: string
  /** Writes a kubeconfig file and returns its path; `server` where it isn't `url` (a proxy). */
  kubeconfig(user: 'admin' | 'operator', server?: string): string
  admin: AdminClient
  /** kill is SIGKILL; restart starts it again on the same port, with the same data and certificate, and waits until ready. */
  apiserver: { readonly pid: number; kill(): Promise<void>; restart(): Promise<void> }
  /** `http://127.0.0.1:port` of its client port. */
  etcd: { readonly pid: number; readonly url: string }
}

export type ControlPlaneOptions = {
  report?: (line: string) => void
  /** false (the default): etcd never waits for the disk. */
  fsync?: boolean
  /** Has etcd keep its data in memory, where it can: what it writes then does not take the disk from what is measured. */
  inMemory?: boolean
  /** etcd's limit in bytes; 2 GiB when left out. */
  quotaBytes?: number
  /** false: the API server reads from etcd, and keeps nothing of what it serves; some 2 MB of memory for a run of 40 kB otherwise. */
  watchCache?: boolean
  /** GOGC of its processes: the larger, the fewer of the cores go into collecting garbage, and the more memory they take; 100 when left out. */
  garbagePercent?: number
}

/** The audience that the API server itself takes tokens of. */
export const apiServerAudience = 'https://kubernetes.default.svc'

export const operatorUser = 'system:serviceaccount:carillon-system:carillon'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** Starts a control plane, ready to take requests. Whatever it starts ends with it, or with this process. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = {
    etcd: await ensureTool('etcd', options.report),
    apiserver: await ensureTool('kube-apiserver', options.report),
  }
  // Another process may take a port between the moment it was found free and its use.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(binaries, options)
    } catch (error) {
      if (attempt === 3 || !String(error).includes('address already in use')) throw error
    }
  }
}

async function startOnce(binaries: { etcd: string; apiserver: string }, options: ControlPlaneOptions) {
  const directory = makeScratch('controlplane')
  const memory = options.inMemory ? inMemory(roomInMemory) : undefined
  const data = memory === undefined ? join(directory, 'etcd') : makeScratch('etcd', memory)
  const [clientPort = 0, peerPort = 0, port = 0] = await freePorts(3)
  const tokens = { admin: randomBytes(24).toString('hex'), operator: randomBytes(24).toString('hex') }
  const removeAll = () => {
    for (const scratch of [directory, data]) removeScratch(scratch)
  }
  writeSecrets(directory, tokens)

  const start = (name: string, binary: string, args: string[]): Bound => {
    const log = openSync(join(directory, `${name}.log`), 'a')
    const { garbagePercent = 100 } = options
    const env = { ...process.env, GOGC: String(garbagePercent) }
    const bound = spawnBound(binary, args, { cwd: directory, env, stdio: ['ignore', log, log] })
    closeSync(log)
    noteChild(directory, bound.pid)
    return bound
  }
  const etcd = start('etcd', binaries.etcd, etcdArgs(clientPort, peerPort, data, options))
  const startApiserver = () => start('kube-apiserver', binaries.apiserver, apiserverArgs(port, clientPort, options))
  let apiserver = startApiserver()

  const url = `https://127.0.0.1:${port}`
  try {
    const ca = await certificate(directory, apiserver)
    const admin = new AdminClient(url, ca, tokens.admin)
    await ready(directory, admin, apiserver, etcd)
    return {
      url,
      ca,
      adminToken: tokens.admin,
      operatorToken: tokens.operator,
      directory,
      kubeconfig: (user: 'admin' | 'operator', server = url) =>
        writeKubeconfig(directory, user, { server, ca, token: tokens[user] }),
      admin,
      apiserver: {
        get pid() {
          return apiserver.pid
        },
        kill: () => apiserver.kill(),
        async restart() {
          await apiserver.kill()
          apiserver = startApiserver()
          await ready(directory, admin, apiserver, etcd)
        },
      },
      etcd: { pid: etcd.pid, url: `http://127.0.0.1:${clientPort}` },
      async [Symbol.asyncDispose]() {
        await admin[Symbol.asyncDispose]()
        await Promise.all([apiserver.kill(), etcd.kill()])
        removeAll()
      },
    }
  } catch (error) {
    await Promise.all([apiserver.kill(), etcd.kill()])
    removeAll()
    throw error
  }
}

/** Of memory, for the largest benchmark. */
const roomInMemory = 4 * 2 ** 30

function etcdArgs(
  clientPort: number,
  peerPort: number,
  data: string,
  { fsync = false, quotaBytes = 2 ** 31 }: ControlPlaneOptions,
) {
  const client = `http://127.0.0.1:${clientPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  return [
    '--name=carillon',
    `--data-dir=${data}`,
    '--log-level=warn',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=carillon=${peer}`,
    `--quota-backend-bytes=${quotaBytes}`,
    ...(fsync ? [] : ['--unsafe-no-fsync']),
  ]
}

function apiserverArgs(port: number, etcdPort: number, { watchCache = true }: ControlPlaneOptions) {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--cert-dir=certificates',
    '--service-account-key-file=service-account.key',
    '--service-account-signing-key-file=service-account.key',
    `--service-account-issuer=${apiServerAudience}`,
    '--token-auth-file=tokens.csv',
    '--authorization-mode=RBAC',
    '--external-hostname=127.0.0.1',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--disable-admission-plugins=ServiceAccount',
    '--endpoint-reconciler-type=none',
    '--profiling=false',
    ...(watchCache ? [] : ['--watch-cache=false']),
  ]
}

function writeSecrets(directory: string, tokens: { admin: string; operator: string }): void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // SEC 1, as the API server reads the public half from the same file and doesn't know PKCS 8 there.
  const pem = privateKey.export({ type: 'sec1', format: 'pem' })
  writeFileSync(join(directory, 'service-account.key'), pem, { mode: 0o600 })
  const groups = 'system:serviceaccounts,system:serviceaccounts:carillon-system,system:authenticated'
  const lines = [
    `${tokens.admin},admin,admin,"system:masters"`,
    `${tokens.operator},${operatorUser},carillon,"${groups}"`,
  ]
  writeFileSync(join(directory, 'tokens.csv'), `${lines.join('\n')}\n`, { mode: 0o600 })
}

/** The API server writes its certificate, then that of the authority which it made for it, into one file. */
async function certificate(directory: string, apiserver: Bound): Promise<string> {
  const folder = join(directory, 'certificates')
  while (!existsSync(join(folder, 'apiserver.key'))) {
    const end = await Promise.race([apiserver.exited, delay(20)])
    if (end) throw new Error(`kube-apiserver ${end}:\n${tail(directory, 'kube-apiserver')}`)
  }
  const pem = readFileSync(join(folder, 'apiserver.crt'), 'utf8')
  return pem.slice(pem.lastIndexOf('-----BEGIN CERTIFICATE-----'))
}

async function ready(directory: string, admin: AdminClient, apiserver: Bound, etcd: Bound): Promise<void> {
  const ends = [apiserver.exited.then((end) => `kube-apiserver ${end}`), etcd.exited.then((end) => `etcd ${end}`)]
  const limit = Date.now() + 120_000
  for (;;) {
    const end = await Promise.race([...ends, delay(50)])
    if (end || Date.now() > limit) {
      const logs = ['etcd', 'kube-apiserver'].map((name) => tail(directory, name)).join('\n')
      throw new Error(`the control plane did not become ready: ${end ?? 'it took more than 120 s'}\n${logs}`)
    }
    // The namespaces that every cluster has are made a moment after readiness.
    if (
      (await answers(admin, '/readyz')) &&
      (await answers(admin, '/api/v1/namespaces/kube-system')) &&
      (await answers(admin, '/api/v1/namespaces/default'))
    )
      return
  }
}

async function answers(admin: AdminClient, path: string): Promise<boolean> {
  return admin.request('GET', path).then(
    ({ status }) => status === 200,
    () => false,
  )
}

function tail(directory: string, name: string): string {
  const path = join(directory, `${name}.log`)
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').slice(-8).join('\n') : ''
}

function writeKubeconfig(
  directory: string,
  user: string,
  access: { server: string; ca: string; token: string },
): string {
  const ca = Buffer.from(access.ca).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'carillon', cluster: { server: access.server, 'certificate-authority-data': ca } }],
    users: [{ name: user, user: { token: access.token } }],
    contexts: [{ name: 'carillon', context: { cluster: 'carillon', user } }],
    'current-context': 'carillon',
  }
  const path = join(directory, `kubeconfig-${user}-${new URL(access.server).port}.json`)
  // Whole at any time: an operator that was given it a moment ago may be reading it.
  const written = `${path}.${randomBytes(4).toString('hex')}`
  writeFileSync(written, JSON.stringify(config, undefined, 2), { mode: 0o600 })
  renameSync(written, path)
  return path
}

/** Applies the project's CRDs and waits until they are served. */
export async function applyCrds({ admin }: Pick<ControlPlane, 'admin'>): Promise<void> {
  const folder = join(repository, 'crds')
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'))
  await admin.apply(files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n---\n'))
}

/** The rules of one of the chart's files, as the chart gives them to an operator with that class. */
export function rulesOf(file: string, className?: string): object[] {
  const suffix = className === undefined ? '' : `-${className}`
  const text = readFileSync(join(repository, 'charts/carillon/rbac', `${file}.yaml`), 'utf8')
  const own = text.replaceAll('carillon-since-', `carillon-since${suffix}-`)
  return parse(own.replaceAll('[carillon]', `[carillon${suffix}]`)) as object[]
}

/**
 * Gives the operator's ServiceAccount just the rights that the chart gives it, from the same rules files. With `className` those of an
 * operator with that class besides.
 */
export async function applyOperatorRights({ admin }: Pick<ControlPlane, 'admin'>, className?: string): Promise<void> {
  const rules = (...files: string[]) => files.flatMap((file) => rulesOf(file, className))
  const all = ['clusterrole', 'served', 'secrets', ...selectableFamilies.map((family) => `sources/${family}`)]
  const namespace = 'carillon-system'
  const group = 'rbac.authorization.k8s.io'
  const subjects = [{ kind: 'ServiceAccount', name: 'carillon', namespace }]
  const name = className === undefined ? 'carillon' : `carillon-${className}`
  const make = (kind: string, more: object, apiVersion = `${group}/v1`): Manifest => ({
    apiVersion,
    kind,
    metadata: { name: kind === 'ServiceAccount' ? 'carillon' : name, namespace },
    ...more,
  })
  const cluster = (kind: string, more: object): Manifest => ({ ...make(kind, more), metadata: { name: 'carillon' } })
  await admin.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    make('ServiceAccount', {}, 'v1'),
    cluster('ClusterRole', { rules: rules(...all) }),
    cluster('ClusterRoleBinding', { subjects, roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'carillon' } }),
    make('Role', { rules: rules('role') }),
    make('RoleBinding', { subjects, roleRef: { apiGroup: group, kind: 'Role', name } }),
  ])
}
