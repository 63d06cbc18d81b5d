import { readFile } from 'node:fs/promises'
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js'
import { KubeError } from './errors.ts'
import type { Cluster, ExecPlugin, Material, User } from './kubeconfig.ts'

/** What a connection and a request need; never logged. */
export type Credentials = {
  headers: Record<string, string | string[]>
  tls: Tls
}

export type Tls = {
  ca?: string
  cert?: string
  key?: string
  servername?: string
  rejectUnauthorized?: false
}

/**
 * Reads a cluster's credentials as they are now: files anew each time, an exec plugin when what it gave has expired, or, after the
 * server refused it, when `rejected` is set. Throws a KubeError `CredentialsFailed`.
 *
 * The plugin's own side is client-node's (its whole KubeConfig would cost the process 10 MiB for code that is never run).
 */
export function credentialsReader(): (cluster: Cluster, rejected: boolean) => Promise<Credentials> {
  let plugin = new ExecAuth()
  return async (cluster, rejected) => {
    if (rejected) plugin = new ExecAuth()
    try {
      return await readCredentials(cluster, plugin)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      const what = cluster.user.exec ? `plugin ${cluster.user.exec.command}` : 'a file that it names'
      throw new KubeError(
        'CredentialsFailed',
        `no credentials from ${cluster.from}: ${what} failed${code ? ` (${code})` : ''}`,
        // A parser quotes what it could not read, and that is the credential.
        cause instanceof SyntaxError ? {} : { cause },
      )
    }
  }
}

async function readCredentials(cluster: Cluster, plugin: ExecAuth): Promise<Credentials> {
  const { user } = cluster
  const [ca, cert, key, fileToken] = await Promise.all([
    read(cluster.ca),
    read(user.cert),
    read(user.key),
    user.tokenFile ? readFile(user.tokenFile, 'utf8') : undefined,
  ])
  const given = user.exec ? await runPlugin(plugin, user.name, user.exec) : {}
  const token = fileToken?.trim() || user.token || given.token
  return {
    headers: { ...authorization(user, token), ...impersonation(user) },
    tls: {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(given.cert && { cert: given.cert }),
      ...(given.key && { key: given.key }),
      ...(cluster.serverName && { servername: cluster.serverName }),
      ...(cluster.insecure && { rejectUnauthorized: false as const }),
    },
  }
}

async function read({ file, data }: Material): Promise<string | undefined> {
  if (file) return await readFile(file, 'utf8')
  return data && Buffer.from(data, 'base64').toString('utf8')
}

const pluginTimeoutMs = 60_000

type Given = { token?: string; cert?: string; key?: string }

async function runPlugin(plugin: ExecAuth, name: string, exec: ExecPlugin): Promise<Given> {
  const options: { headers: Record<string, string>; cert?: string; key?: string } = { headers: {} }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer for ${pluginTimeoutMs / 1000} s`)), pluginTimeoutMs)
  })
  try {
    await Promise.race([plugin.applyAuthentication({ name, exec }, options), late])
  } finally {
    clearTimeout(timer)
  }
  const token = options.headers.Authorization?.replace(/^Bearer /, '')
  return {
    ...(token && { token }),
    ...(options.cert && { cert: options.cert }),
    ...(options.key && { key: options.key }),
  }
}

function authorization({ basic }: User, token: string | undefined): Record<string, string> {
  if (token) return { authorization: `Bearer ${token}` }
  if (!basic) return {}
  return { authorization: `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}` }
}

function impersonation({ impersonate }: User): Record<string, string | string[]> {
  if (!impersonate) return {}
  return {
    'impersonate-user': impersonate.user,
    ...(impersonate.uid && { 'impersonate-uid': impersonate.uid }),
    ...(impersonate.groups.length > 0 && { 'impersonate-group': impersonate.groups }),
  }
}
