import { refuse, type Verdict } from '../api/verdict.ts'
import type { AgentOptions, Dispatcher, Egress } from './egress.ts'
import { classify, isDistrust } from './failure.ts'
import { type OAuth2Spec, readToken, type Token, tokenRequest } from './oauth2.ts'

/** The whole request, from connecting to the end of the answer. */
const timeoutMs = 10_000
const maxBody = 64 * 1024

export type TokenContext = {
  egress: Egress
  now: () => number
  namespace?: string | undefined
  /** Of the sink, which count besides the public ones: who has both behind one authority has them so. */
  authorities?: AgentOptions['tls']
}

/** Asks a token URL, through the guard that all connections go through which tenants name. Never throws. */
export async function fetchToken(
  spec: OAuth2Spec,
  client: { id: string; secret: string },
  context: TokenContext,
): Promise<Verdict<Token>> {
  const { authorities, egress, now } = context
  const url = egress.check(spec.tokenURL)
  if (!url.ok) return refuse(url.reason, `http.auth.oauth2.tokenURL: ${url.message}`)
  const signal = AbortSignal.timeout(timeoutMs)
  const { headers, body } = tokenRequest(spec, client.id, client.secret)
  const ask = (trusted: AgentOptions['tls']) => post(url.value, { headers, body, signal }, context, trusted)
  try {
    const answer = await ask(authorities).catch((error: unknown) => {
      if (authorities && isDistrust(error)) return ask(undefined)
      throw error
    })
    return answer.text === undefined
      ? refuse('TokenUnavailable', 'The token URL of http.auth.oauth2 answered with more than a token.')
      : readToken(answer.status, answer.text, spec, now())
  } catch (error) {
    const why = error instanceof DOMException ? `No answer within ${timeoutMs / 1000} s.` : classify(error).message
    const whose = why.replace(/([Tt])he sink/g, '$1he token endpoint')
    return refuse('TokenUnavailable', `The token URL of http.auth.oauth2 could not be asked: ${whose}`)
  }
}

/** Nothing is sent before the other side's certificate is verified. */
async function post(
  { origin, pathname, search }: URL,
  request: Pick<Dispatcher.RequestOptions, 'headers' | 'body' | 'signal'>,
  { egress, namespace }: TokenContext,
  tls: AgentOptions['tls'],
): Promise<{ status: number; text: string | undefined }> {
  const agent = egress.agent({ namespace, connections: 1, connectTimeoutMs: 5_000, tls })
  try {
    const answer = await agent.request({ origin, path: pathname + search, method: 'POST', ...request })
    return { status: answer.statusCode, text: await textOf(answer.body) }
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
