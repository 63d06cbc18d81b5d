// A lean client for load: keep-alive, no parsing of answers that nobody reads.
import { Pool } from 'undici'

export type LoadClient = {
  /** Bytes of all objects as the server has them after each write: what it tells whoever watches. */
  written(): number

  post(path: string, body: object): Promise<void>
  /** Merge patch; resolves when the server has acknowledged. */
  patch(path: string, body: object): Promise<void>
  close(): Promise<void>
}

export function loadClient(url: string, ca: string, token: string, connections: number): LoadClient {
  const pool = new Pool(url, { connections, connect: { ca } })
  let written = 0
  const send = async (method: 'POST' | 'PATCH', path: string, body: object, contentType: string) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': contentType, accept: 'application/json' }
    for (;;) {
      const response = await pool.request({ method, path, headers, body: JSON.stringify(body) })
      const text = await response.body.text()
      if (response.statusCode < 300) {
        written += Buffer.byteLength(text)
        return
      }
      if (response.statusCode !== 429)
        throw new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 500)}`)
    }
  }
  return {
    written: () => written,
    post: (path, body) => send('POST', path, body, 'application/json'),
    patch: (path, body) => send('PATCH', path, body, 'application/merge-patch+json'),
    close: () => pool.close(),
  }
}

/** Runs `work` for 0…count-1, at most `width` at a time. */
export async function parallel(count: number, width: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(width, count) }, async () => {
      while (next < count) await work(next++)
    }),
  )
}
