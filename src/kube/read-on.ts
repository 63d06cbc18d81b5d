import type { Query } from './client.ts'
import { type Failure, failureOfError, failureOfResponse } from './failure.ts'
import { fetchPage, type PageAnswer } from './pages.ts'
import { pathOf, type Resource } from './path.ts'
import type { ReflectorOptions } from './reflector-options.ts'
import type { Named } from './refresh.ts'
import { readWatch, type WatchEnd, type WatchStep } from './watch.ts'

/** A watch that goes on from a cursor. Nothing but a programming error is thrown. */
export async function openWatch(
  { client, namespace, select, now, random, maxBatch = 256, idleMs = 90_000 }: ReflectorOptions,
  resource: Resource,
  cursor: string,
  signal: AbortSignal,
): Promise<AsyncGenerator<WatchStep, WatchEnd> | Failure> {
  const query = {
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion: cursor,
    timeoutSeconds: 240 + Math.floor(random() * 120),
    ...select,
  }
  try {
    const stream = await client.stream({ path: pathOf(resource, namespace), query, signal })
    if (stream.kind === 'refused') return failureOfResponse(stream.response)
    return readWatch(stream.body, { idleMs, maxBatch, now })
  } catch (error) {
    return failureOfError(error)
  }
}

/** The page of a list that holds one object by its name, or nothing. */
export async function fetchObject(
  { client, select }: Pick<ReflectorOptions, 'client' | 'select'>,
  resource: Resource,
  { query, namespace, name, signal, maxBytes }: Named & { query: Query; signal: AbortSignal },
): Promise<PageAnswer> {
  const fieldSelector = [`metadata.name=${name}`, select?.fieldSelector].filter(Boolean).join(',')
  const path = pathOf(resource, namespace)
  return await fetchPage(client, {
    resource,
    path,
    query: { ...query, ...select, fieldSelector },
    limit: 1,
    signal,
    maxBytes,
  })
}
