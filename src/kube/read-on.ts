import { type Failure, failureOfError, failureOfResponse } from './failure.ts'
import { mostHeap } from './heap.ts'
import { fetchPage } from './pages.ts'
import { pathOf, type Resource } from './path.ts'
import type { ReflectorOptions } from './reflector-options.ts'
import type { RefreshOptions } from './refresh.ts'
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
    return readWatch(stream.body, { idleMs, maxBatch, now, room: client.room.pages, signal })
  } catch (error) {
    return failureOfError(error)
  }
}

/** How a refresh has what it was overtaken by: the page of a list that holds one object, or nothing, and its turn. */
export function byName(
  { client, select }: Pick<ReflectorOptions, 'client' | 'select'>,
  resource: Resource,
): Pick<RefreshOptions, 'askFor' | 'turn'> {
  return {
    askFor(query, { namespace, name, most }, signal) {
      const fieldSelector = [`metadata.name=${name}`, select?.fieldSelector].filter(Boolean).join(',')
      const path = pathOf(resource, namespace)
      return fetchPage(client, {
        resource,
        path,
        query: { ...query, ...select, fieldSelector },
        limit: 1,
        signal,
        most,
      })
    },
    turn: (signal) => client.room.overtaken.take(mostHeap, signal),
  }
}
