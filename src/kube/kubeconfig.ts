import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'

/** Where a cluster is and how to be let in: what is used of a kubeconfig's current context. Paths are absolute. */
export type Cluster = {
  /** The file, or `the pod's service account`: for messages. */
  from: string
  /** Without a slash at its end; may have a path of its own. */
  server: string
  proxy?: string | undefined
  serverName?: string | undefined
  insecure: boolean
  ca: Material
  user: User
}

export type User = {
  name: string
  cert: Material
  key: Material
  token?: string | undefined
  tokenFile?: string | undefined
  basic?: { username: string; password: string } | undefined
  impersonate?: { user: string; uid?: string | undefined; groups: string[] } | undefined
  exec?: ExecPlugin | undefined
}

/** PEM in a file, or PEM in base64; the file wins. */
export type Material = { file?: string | undefined; data?: string | undefined }

export type ExecPlugin = { command: string; args: string[]; env: { name: string; value: string }[] }

export type ClusterOptions = {
  /** A cluster that need not be looked for: all else is left aside. */
  cluster?: Cluster
  /** A path, or several as in KUBECONFIG. Left out: ~/.kube/config, then the pod's service account. */
  kubeconfig?: string | undefined
  /** KUBERNETES_SERVICE_HOST and _PORT as a pod has them; the API server's name in the cluster's DNS when left out. */
  service?: { host: string; port: string } | undefined
  /** HOME; without one there is no ~/.kube/config. */
  home?: string | undefined
  /** For tests. */
  serviceAccount?: string
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Finds the cluster that is meant. A refusal tells everything that was tried, and what to do. */
export function findCluster(options: ClusterOptions): Verdict<Cluster> {
  if (options.cluster) return accept(options.cluster)
  if (options.kubeconfig) return fromFiles(options.kubeconfig.split(delimiter).filter(Boolean))
  const file = join(options.home ?? '~', '.kube', 'config')
  if (options.home && existsSync(file)) return fromFiles([file])
  const root = options.serviceAccount ?? serviceAccount
  if (existsSync(join(root, 'token'))) return accept(inPod(root, options.service))
  return refuse(
    'NoCluster',
    `no cluster: no kubeconfig was given, ${file} does not exist, and this is no pod with a service account ` +
      `(${root}/token does not exist). Name a kubeconfig with --kubeconfig or KUBECONFIG`,
  )
}

function inPod(root: string, service: { host: string; port: string } | undefined): Cluster {
  const host = service?.host.includes(':') ? `[${service.host}]` : service?.host
  return {
    from: "the pod's service account",
    server: host ? `https://${host}:${service?.port || '443'}` : 'https://kubernetes.default.svc',
    insecure: false,
    ca: { file: join(root, 'ca.crt') },
    user: { name: 'serviceaccount', cert: {}, key: {}, tokenFile: join(root, 'token') },
  }
}

type Fields = Record<string, unknown>
/** Clusters, users or contexts by name, each with the folder that its relative paths start from. */
type Entries = Map<string, { fields: Fields; folder: string }>
type Merged = { clusters: Entries; users: Entries; contexts: Entries; current: string | undefined }

/** As client-go merges several files: the first to name a thing wins. */
function fromFiles(files: string[]): Verdict<Cluster> {
  const from = files.join(', ')
  const merged: Merged = { clusters: new Map(), users: new Map(), contexts: new Map(), current: undefined }
  const missing = files.filter((file) => !existsSync(file))
  if (missing.length === files.length) return bad(from, 'there is no such file')
  for (const file of files) {
    if (missing.includes(file)) continue
    try {
      mergeFile(merged, fieldsOf(parse(readFileSync(file, 'utf8'))), dirname(resolve(file)))
    } catch (error) {
      // A parser's message quotes the line that it fell over, which may hold a token.
      const { code, syscall } = error as NodeJS.ErrnoException
      return bad(file, syscall ? `it can't be read (${code})` : 'it is not YAML')
    }
  }
  return clusterOf(from, merged)
}

function mergeFile(merged: Merged, file: Fields, folder: string): void {
  for (const [list, field] of [
    ['clusters', 'cluster'],
    ['users', 'user'],
    ['contexts', 'context'],
  ] as const) {
    for (const entry of Array.isArray(file[list]) ? file[list] : []) {
      const { name, ...rest } = fieldsOf(entry)
      if (typeof name !== 'string' || merged[list].has(name)) continue
      merged[list].set(name, { fields: fieldsOf(rest[field]), folder })
    }
  }
  merged.current ??= text(file['current-context'])
}

function clusterOf(from: string, { clusters, users, contexts, current }: Merged): Verdict<Cluster> {
  if (!current) return bad(from, 'it has no current-context; choose one with `kubectl config use-context`')
  const context = contexts.get(current)?.fields
  if (!context) return bad(from, `its current-context '${current}' is not among its contexts`)
  const cluster = clusters.get(text(context.cluster) ?? '')
  if (!cluster) return bad(from, `it has no cluster '${text(context.cluster) ?? ''}', which context '${current}' names`)
  const server = text(cluster.fields.server)
  if (!server || !/^https?:\/\//.test(server) || !URL.canParse(server))
    return bad(from, 'its cluster has no valid server URL')
  const name = text(context.user) ?? ''
  const entry = users.get(name)
  if (name && !entry) return bad(from, `it has no user '${name}', which context '${current}' names`)
  const user = userOf(from, name, entry?.fields ?? {}, entry?.folder ?? '')
  if (!user.ok) return user
  return accept({
    from,
    server: server.replace(/\/+$/, ''),
    proxy: text(cluster.fields['proxy-url']),
    serverName: text(cluster.fields['tls-server-name']),
    insecure: cluster.fields['insecure-skip-tls-verify'] === true,
    ca: material(cluster.fields, 'certificate-authority', cluster.folder),
    user: user.value,
  })
}

function userOf(from: string, name: string, fields: Fields, folder: string): Verdict<User> {
  const provider = fieldsOf(fields['auth-provider'])
  // kubectl dropped the gcp and azure providers in 1.26 for plugins; of oidc, the token is taken as it stands in the file.
  if (provider.name !== undefined && provider.name !== 'oidc') {
    const instead = 'use an exec plugin (kubelogin, gke-gcloud-auth-plugin) as kubectl does since 1.26'
    return bad(from, `the auth-provider of user '${name}' is not supported; ${instead}`)
  }
  const username = text(fields.username)
  const as = text(fields.as)
  const groups = Array.isArray(fields['as-groups'])
    ? fields['as-groups'].filter((group) => typeof group === 'string')
    : []
  const tokenFile = text(fields.tokenFile)
  return accept({
    name,
    cert: material(fields, 'client-certificate', folder),
    key: material(fields, 'client-key', folder),
    token: text(fields.token) ?? text(fieldsOf(provider.config)['id-token']),
    tokenFile: tokenFile && resolve(folder, tokenFile),
    basic: username ? { username, password: text(fields.password) ?? '' } : undefined,
    impersonate: as ? { user: as, uid: text(fields['as-uid']), groups } : undefined,
    exec: execOf(fieldsOf(fields.exec), folder),
  })
}

/** What a plugin is told besides its own environment: client-go's KUBERNETES_EXEC_INFO, which newer plugins insist on. */
function execOf(exec: Fields, folder: string): ExecPlugin | undefined {
  const command = text(exec.command)
  if (!command) return undefined
  const apiVersion = text(exec.apiVersion) ?? 'client.authentication.k8s.io/v1'
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  const given = (Array.isArray(exec.env) ? exec.env : []).map(fieldsOf)
  return {
    command: /[/\\]/.test(command) ? resolve(folder, command) : command,
    args: (Array.isArray(exec.args) ? exec.args : []).map(String),
    env: [
      { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) },
      ...given.map(({ name, value }) => ({ name: String(name), value: String(value) })),
    ],
  }
}

function material(fields: Fields, name: string, folder: string): Material {
  const file = text(fields[name])
  return { file: file && resolve(folder, file), data: text(fields[`${name}-data`]) }
}

const bad = (file: string, message: string): Refusal =>
  refuse('BadKubeconfig', `kubeconfig ${file} is of no use: ${message}. Name another with --kubeconfig or KUBECONFIG`)

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
