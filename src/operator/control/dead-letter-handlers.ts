import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import { toStructured } from '../../formats/binding.ts'
import type { Outbox, WholeDeadLetter } from '../../outbox/outbox.ts'
import type { DeadLetterPage, DeadLetterView, DeadLetterViews, RetryAnswer } from './api.ts'
import { type Chosen, pagesOf, type ReviveDeps, type Revived, reviveDeadLetters, revivePage } from './dead-letters.ts'
import { readList, readRetry } from './requests.ts'
import type { Handlers } from './socket.ts'

export type DeadLetterDeps = {
  outbox: Pick<Outbox, 'deadLetters' | 'deadLetter'>
  reviving: ReviveDeps
  /** Dead letters of these sinks are on their way again. */
  revived(sinks: ReadonlySet<string>): void
  now(): number
}

/** What `carillon deadletters` asks for. */
export const deadLetterHandlers = (deps: DeadLetterDeps): Handlers => ({
  'GET /v1/deadletters': ({ query }) => list(query, deps),
  'GET /v1/deadletters/*': ({ name }) => show(name, deps),
  'POST /v1/deadletters/retry': ({ body }) => retry(body, deps),
})

function list(query: URLSearchParams, { outbox }: DeadLetterDeps): Verdict<DeadLetterPage> {
  const request = readList(query)
  if (!request.ok) return request
  const { limit, ...chosen } = request.value
  const items = outbox.deadLetters({ ...chosen, limit: limit + 1 })
  return accept({ items: items.slice(0, limit), more: items.length > limit })
}

async function show(name: string, { outbox, now }: DeadLetterDeps): Promise<Verdict<DeadLetterViews>> {
  const found: WholeDeadLetter[] = []
  const numbers = /^[0-9]{1,15}$/.test(name) ? [Number(name)] : await seqsOf(name, outbox, now())
  for (const seq of numbers) {
    const whole = outbox.deadLetter(seq)
    if (whole) found.push(whole)
  }
  if (found.length === 0)
    return refuse(
      'DeadLetterNotFound',
      `there is no dead letter ${name.slice(0, 80)}: 'carillon deadletters list' tells which there are`,
    )
  return accept({ items: found.map(viewOf) })
}

async function seqsOf(id: string, outbox: Pick<Outbox, 'deadLetters'>, now: number): Promise<number[]> {
  const seqs: number[] = []
  for await (const page of pagesOf(outbox, {}, now))
    for (const letter of page) if (letter.id === id) seqs.push(letter.seq)
  return seqs
}

/** A sink's text is shown here and nowhere else, and never more of it. */
const maxAnswer = 256

function viewOf({ event, answer, ...letter }: WholeDeadLetter): DeadLetterView {
  return {
    ...letter,
    ...(answer && { answer: answer.slice(0, maxAnswer) }),
    event: JSON.parse(toStructured(event).body),
  }
}

async function retry(body: unknown, deps: DeadLetterDeps): Promise<Verdict<RetryAnswer>> {
  const request = readRetry(body)
  if (!request.ok) return request
  const { seqs, all: _all, ...chosen } = request.value
  const missing: number[] = []
  const result = seqs ? await retrySeqs(seqs, deps, missing) : await reviveDeadLetters(chosen as Chosen, deps.reviving)
  deps.revived(result.sinks)
  const { revived, orphaned, tooLarge } = result
  return accept({ revived, orphaned, tooLarge, missing })
}

async function retrySeqs(seqs: readonly number[], deps: DeadLetterDeps, missing: number[]): Promise<Revived> {
  const wanted = [...new Set(seqs)].sort((a, b) => a - b)
  const result: Revived = { revived: 0, orphaned: 0, tooLarge: 0, sinks: new Set() }
  for (let from = 0; from < wanted.length; from += 500) {
    const part = wanted.slice(from, from + 500)
    const letters = deps.outbox.deadLetters({ seqs: part, limit: part.length })
    const found = new Set(letters.map(({ seq }) => seq))
    missing.push(...part.filter((seq) => !found.has(seq)))
    await revivePage(letters, deps.reviving, result)
  }
  return result
}
