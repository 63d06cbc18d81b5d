import { refuse, type Verdict } from '../api/verdict.ts'
import type { Dispatcher, Egress } from './egress.ts'
import { classify } from './failure.ts'
import { type OAuth2Spec, readToken, type Token, tokenRequest } from './oauth2.ts'

/** The whole request, from connecting to the end of the answer. */
const timeoutMs = 10_000
const maxBody = 64 * 1024

/** Asks a token URL, through the guard that all connections go through which tenants name. Never throws. */
export async function fetchToken(
  spec: OAuth2Spec,
  client: { id: string; secret: string },
  egress: Egress,
  now: () => number,
  namespace?: string,
): Promise<Verdict<Token>> {
  const url = egress.check(spec.tokenURL)
  if (!url.ok) return refuse(url.reason, `http.auth.oauth2.tokenURL: ${url.message}`)
  const agent = egress.agent({ namespace, connections: 1, connectTimeoutMs: 5_000 })
  try {
    const { origin, pathname, search } = url.value
    const { headers, body } = tokenRequest(spec, client.id, client.secret)
    const signal = AbortSignal.timeout(timeoutMs)
    const answer = await agent.request({ origin, path: pathname + search, method: 'POST', headers, body, signal })
    const text = await textOf(answer.body)
    return text === undefined
      ? refuse('TokenUnavailable', 'The token URL of http.auth.oauth2 answered with more than a token.')
      : readToken(answer.statusCode, text, spec, now())
  } catch (error) {
    const why = error instanceof DOMException ? `No answer within ${timeoutMs / 1000} s.` : classify(error).message
    return refuse('TokenUnavailable', `The token URL of http.auth.oauth2 could not be asked: ${why}`)
  } finally {
    await agent.destroy(null)
  }
}

/** Undefined where it is longer than any token. */
async function textOf(body: Dispatcher.ResponseData['body']): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBody) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
