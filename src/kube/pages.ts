import type { KubeObject } from '../api/object.ts'
import type { Change } from './batch.ts'
import type { KubeClient, Query } from './client.ts'
import { KubeError } from './errors.ts'
import { type Failure, failureOfError, failureOfResponse } from './failure.ts'
import { type HeapRoom, heapOf, lightBytes, mostHeap } from './heap.ts'
import { lighten } from './lighten.ts'
import { apiVersionOf, type Resource } from './path.ts'

/** What a page is aimed at: parsing it blocks the loop for some 5 ms, and it is in memory about four times over while it is read. */
export const aimBytes = 512 * 1024
/** What a page is aimed at that others' changes may not have to wait for. */
export const smallAimBytes = 64 * 1024
/** No page is read beyond this, unless it is of one object. */
export const boundBytes = 4 * aimBytes

const pageBounds = { bytes: boundBytes, heap: mostHeap }
/** What people write is estimated to take up to so many times its bytes of the heap. */
const usualHeap = 12

const firstAtOnce = 20
const mostAtOnce = 500

/** The `limit` to begin with, while nothing is known of the objects' size. */
export const firstLimit = (): number => firstAtOnce

/**
 * The next page's `limit`: as many objects of the size just seen as come to aimBytes, growing at most fourfold. A page over
 * boundBytes so leads to a quarter as many or fewer.
 */
export function nextLimit(limit: number, page: { bytes: number; items: number }): number {
  if (page.items === 0) return limit
  const fits = Math.floor((aimBytes * page.items) / page.bytes)
  return Math.max(1, Math.min(fits, limit * 4, mostAtOnce))
}

/** The `limit` after a page that was cut off at boundBytes: how large it would have become isn't known. */
export const smallerLimit = (limit: number): number => Math.max(1, Math.floor(limit / 4))

export type Page = {
  changes: Change[]
  /** Of its text; more where that takes more memory than what people write. */
  bytes: number
  /** The continue token; undefined on the last page. */
  next: string | undefined
  /** The list's resourceVersion, the same on all its pages. */
  cursor: string
  /** Of the heap: given back when the page has been dealt with. */
  share?: Disposable
}

export type PageRequest = {
  resource: Resource
  path: string
  query: Query
  limit: number
  signal: AbortSignal
  /** As of a KubeRequest. */
  timeoutMs?: number
  /** What takes more than so much, as text or of the heap, is too large; left out, that is so of what may be of several objects alone. */
  most?: Bounds | undefined
  /** The heap that it is parsed into has to be had from there. */
  room?: HeapRoom
  /** `readPage` when left out. */
  read?: typeof readPage
}

/** In bytes. */
export type Bounds = { bytes: number; heap: number }

export type PageAnswer = { kind: 'page'; page: Page } | { kind: 'tooLarge' } | Failure

/** Gets one page. Nothing but a programming error is thrown. */
export async function fetchPage(
  client: Pick<KubeClient, 'request'>,
  {
    resource,
    path,
    query,
    limit,
    signal,
    timeoutMs,
    most = limit > 1 ? pageBounds : undefined,
    room,
    read = readPage,
  }: PageRequest,
): Promise<PageAnswer> {
  try {
    const response = await client.request({
      method: 'GET',
      path,
      query: { ...query, limit },
      signal,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(most && { maxBytes: most.bytes }),
    })
    if (response.status !== 200) return failureOfResponse(response)
    const { body } = response
    const heap = body.length > lightBytes ? heapOf(body) : 0
    if (most && heap > most.heap) return { kind: 'tooLarge' }
    using held = new DisposableStack()
    const share = held.use((await room?.take(Math.min(heap, mostHeap), signal)) ?? null)
    const { text, lacks } = lighten(body)
    const page = read(resource, response.json(text), Math.max(body.length, Math.floor(heap / usualHeap)))
    if (!page) return { kind: 'failing', reason: 'broken', message: `GET ${path}: not a list` }
    if (lacks.length > 0) for (const change of page.changes) change.lacks = lacks
    held.move()
    return { kind: 'page', page: share ? { ...page, share } : page }
  } catch (error) {
    if (error instanceof KubeError && error.reason === 'TooLarge' && most) return { kind: 'tooLarge' }
    return failureOfError(error)
  }
}

type List = { kind?: unknown; metadata?: { continue?: unknown; resourceVersion?: unknown }; items?: unknown } | null

/** Items of lists lack apiVersion and kind where the server knows their type; undefined when `value` is no list. */
export function readPage(resource: Resource, value: unknown, bytes: number): Page | undefined {
  const list = value as List
  const cursor = list?.metadata?.resourceVersion
  if (typeof cursor !== 'string' || typeof list?.kind !== 'string') return undefined
  return { changes: itemsOf(resource, list.kind, list.items), bytes, next: nextOf(list), cursor }
}

/** A page of an archive: a list that has no resourceVersion, as nothing can be watched from there. Its `cursor` is empty. */
export function readArchivePage(resource: Resource, value: unknown, bytes: number): Page | undefined {
  const list = value as List
  if (typeof list?.kind !== 'string' || !Array.isArray(list.items)) return undefined
  return { changes: itemsOf(resource, list.kind, list.items), bytes, next: nextOf(list), cursor: '' }
}

const nextOf = (list: List): string | undefined => {
  const next = list?.metadata?.continue
  return typeof next === 'string' && next !== '' ? next : undefined
}

function itemsOf(resource: Resource, listKind: string, items: unknown): Change[] {
  const apiVersion = apiVersionOf(resource)
  const kind = listKind.replace(/List$/, '')
  const changes: Change[] = []
  for (const item of Array.isArray(items) ? (items as unknown[]) : []) {
    if (!isObject(item)) continue
    item.apiVersion ??= apiVersion
    item.kind ??= kind
    changes.push({ type: 'upsert', object: item })
  }
  return changes
}

/** Has what every stored object has. */
export function isObject(value: unknown): value is KubeObject {
  const metadata = (value as { metadata?: Partial<KubeObject['metadata']> } | null | undefined)?.metadata
  return (
    typeof metadata?.uid === 'string' &&
    typeof metadata.name === 'string' &&
    typeof metadata.resourceVersion === 'string'
  )
}
