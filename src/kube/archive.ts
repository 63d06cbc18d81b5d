import { KubeClient } from './client.ts'
import type { KubeLog } from './log.ts'
import { fetchPage, type PageAnswer, readArchivePage } from './pages.ts'
import { pathOf, type Resource } from './path.ts'

/**
 * An archive that answers lists as an API server does: KubeArchive's REST API (kubearchive/kubearchive, reference/api). It lists the newest first,
 * with `limit` up to 1000, `continue`, and `creationTimestampAfter`; its lists have no resourceVersion.
 */
export type Archive = AsyncDisposable & {
  /** One page of a kind, of objects that were created after that time (ms); `absent` where the archive knows no such resource. */
  page(of: ArchivePage, signal: AbortSignal): Promise<PageAnswer>
}

export type ArchivePage = {
  resource: Resource
  namespace: string | undefined
  createdAfter: number
  continue: string | undefined
  limit: number
}

export type ArchiveOptions = {
  /** May have a path of its own. */
  url: string
  /** Read anew as it is needed: a ServiceAccount's token changes every hour. */
  tokenFile: string
  /** PEM; left out: what the machine trusts. */
  caFile: string | undefined
  userAgent?: string
  log: KubeLog
}

/** An archive looks into a database of millions, and takes its time. */
const timeoutMs = 120_000

/** Opens no connection before it is asked for a page. */
export function openArchive({ url, tokenFile, caFile, ...options }: ArchiveOptions): Archive {
  const cluster = {
    from: 'the archive',
    server: url.replace(/\/+$/, ''),
    insecure: false,
    ca: { file: caFile },
    user: { name: 'archive', cert: {}, key: {}, tokenFile },
  }
  const client = new KubeClient(cluster, { ...options, cluster })
  return {
    page: ({ resource, namespace, createdAfter, continue: next, limit }, signal) =>
      fetchPage(client, {
        resource,
        path: pathOf(resource, namespace),
        query: { creationTimestampAfter: `${new Date(createdAfter).toISOString().slice(0, 19)}Z`, continue: next },
        limit,
        signal,
        timeoutMs,
        read: readArchivePage,
      }),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}
