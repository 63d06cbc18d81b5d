import type { Query } from './client.ts'
import { type Failure, failureOfError, failureOfResponse } from './failure.ts'
import { fetchPage, type Page } from './pages.ts'
import { pathOf, type Resource } from './path.ts'
import type { ReflectorOptions } from './reflector-options.ts'
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
  {
    query,
    namespace,
    name,
    signal,
  }: { query: Query; namespace: string | undefined; name: string; signal: AbortSignal },
): Promise<Page | Failure> {
  const fieldSelector = [`metadata.name=${name}`, select?.fieldSelector].filter(Boolean).join(',')
  const path = pathOf(resource, namespace)
  const got = await fetchPage(client, {
    resource,
    path,
    query: { ...query, ...select, fieldSelector },
    limit: 1,
    signal,
  })
  if (got.kind === 'page') return got.page
  return got.kind === 'tooLarge' ? { kind: 'failing', reason: 'broken', message: `${name} is too large` } : got
}
