import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { PurgeRequest, ReplayRequest, RetryRequest, SinkTestRequest } from './api.ts'

/** What comes in by the socket, checked: pure. Refusals have the reason `RequestInvalid`. */

const invalid = (message: string) => refuse('RequestInvalid', message)

/** `namespace/name` as Kubernetes allows both. */
const keyed = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

export const isKey = (text: string): boolean => keyed.test(text)

/** Most that one page of dead letters holds. */
const maxPage = 1000

export type ListRequest = { sink?: string; subscription?: string; since?: number; after?: number; limit: number }

type Fields = Record<string, unknown>

/** What a field has to be, so that one check serves a query's text and a body's JSON. */
const kinds = {
  key: { is: (value: unknown) => typeof value === 'string' && isKey(value), what: 'namespace/name' },
  time: { is: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0, what: 'a time in ms' },
  number: { is: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0, what: 'a number' },
  flag: { is: (value: unknown) => typeof value === 'boolean', what: 'true or false' },
  seqs: {
    is: (value: unknown) => Array.isArray(value) && value.length > 0 && value.every((one) => Number.isSafeInteger(one)),
    what: 'a list of numbers',
  },
} as const

function check(body: unknown, allowed: Readonly<Record<string, keyof typeof kinds>>): Verdict<Fields> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return invalid('a JSON object is wanted')
  for (const [name, value] of Object.entries(body)) {
    const kind = Object.hasOwn(allowed, name) ? allowed[name] : undefined
    if (!kind) return invalid(`unknown field '${name.slice(0, 40)}'; there are ${Object.keys(allowed).join(', ')}`)
    if (!kinds[kind].is(value)) return invalid(`${name} must be ${kinds[kind].what}`)
  }
  return accept(body as Fields)
}

export function readList(query: URLSearchParams): Verdict<ListRequest> {
  const numbers = ['since', 'after', 'limit']
  const body = Object.fromEntries(
    [...query].map(([name, value]) => [
      name,
      numbers.includes(name) && /^[0-9]{1,16}$/.test(value) ? Number(value) : value,
    ]),
  )
  const fields = check(body, {
    sink: 'key',
    subscription: 'key',
    since: 'time',
    after: 'number',
    limit: 'number',
  })
  if (!fields.ok) return fields
  const { limit = maxPage } = fields.value as Partial<ListRequest>
  if (limit < 1 || limit > maxPage) return invalid(`limit must be from 1 to ${maxPage}`)
  return accept({ ...fields.value, limit })
}

export function readRetry(body: unknown): Verdict<RetryRequest> {
  const fields = check(body, { seqs: 'seqs', sink: 'key', subscription: 'key', since: 'time', all: 'flag' })
  if (!fields.ok) return fields
  const { seqs, sink, subscription, since, all } = fields.value as RetryRequest
  const chosen = [seqs, sink ?? subscription ?? since, all || undefined].filter((one) => one !== undefined)
  if (chosen.length !== 1) return invalid('retry takes either seqs, or sink, subscription and since, or all')
  return accept(fields.value as RetryRequest)
}

export function readReplay(body: unknown): Verdict<ReplayRequest> {
  const allowed = { subscription: 'key', sink: 'key', since: 'time', until: 'time', dryRun: 'flag' } as const
  const fields = check(body, allowed)
  if (!fields.ok) return fields
  const request = { dryRun: false, ...fields.value } as Partial<ReplayRequest> & { dryRun: boolean }
  if (request.subscription === undefined || request.since === undefined)
    return invalid('replay needs subscription and since')
  if (request.until !== undefined && request.until < request.since) return invalid('until must not be before since')
  return accept(request as ReplayRequest)
}

export function readPurge(body: unknown): Verdict<PurgeRequest> {
  const fields = check(body, { sink: 'key', subscription: 'key', deadLetters: 'flag', dryRun: 'flag' })
  if (!fields.ok) return fields
  const request = { deadLetters: false, dryRun: false, ...fields.value } as PurgeRequest
  if (request.sink === undefined && request.subscription === undefined)
    return invalid('purge needs sink, subscription, or both')
  return accept(request)
}

export function readSinkTest(body: unknown): Verdict<SinkTestRequest> {
  const fields = check(body, { sink: 'key' })
  if (!fields.ok) return fields
  return fields.value.sink === undefined ? invalid('a test needs sink') : accept(fields.value as SinkTestRequest)
}
