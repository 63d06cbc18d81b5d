// A client that keeps apart what the API server has acknowledged from what may or may not have happened.
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'

/** `certain` is false where an answer was lost on the way there; `status` and `body` are those of the last answer. */
export type Written = { certain: boolean; status: number; body: Record<string, unknown> }

export type Api = AsyncDisposable & {
  /** Tries until the server answers with anything but 429 and 5xx. A lost answer is followed by another try. */
  write(method: 'POST' | 'PATCH' | 'DELETE' | 'PUT' | 'GET', path: string, body?: string | object): Promise<Written>
}

/** A server that is away for longer than any fault takes it away is an error. */
const patienceMs = 90_000

/** Errors before anything was sent. */
const unsent = ['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', 'EPIPE']

export function connectApi(cp: { url: string; ca: string; adminToken: string }, connections = 16): Api {
  const pool = new Pool(cp.url, { connections, connect: { ca: cp.ca, timeout: 2000 }, headersTimeout: 30_000 })
  const headersOf = (method: string) => ({
    authorization: `Bearer ${cp.adminToken}`,
    'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    accept: 'application/json',
  })
  return {
    async write(method, path, body) {
      const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body)
      for (let certain = true, end = Date.now() + patienceMs, tries = 0; ; tries += 1) {
        if (tries > 0) await delay(Math.min(1000, 25 * 2 ** tries))
        try {
          const answer = await pool.request({ method, path, headers: headersOf(method), body: text })
          const { statusCode: status } = answer
          const got = await answer.body.text()
          if (status !== 429 && status < 500) return { certain, status, body: parsed(got) }
          // A server that fails in the middle of a write does not say whether it was done.
          if (status >= 500) certain = false
        } catch (error) {
          const { code = '' } = error as NodeJS.ErrnoException
          if (!unsent.includes(code)) certain = false
          if (Date.now() > end) throw error
        }
      }
    },
    [Symbol.asyncDispose]: () => pool.destroy(),
  }
}

const parsed = (text: string): Record<string, unknown> =>
  text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { message: text }
