import type { Duplex } from 'node:stream'
import type { buildConnector } from './egress.ts'

/** Asks a proxy for a way through: CONNECT (RFC 9110 §9.3.6). */
export type AskProxy = (
  path: string,
  headers: Record<string, string>,
) => Promise<{ statusCode: number; socket: Duplex }>

/** A proxy that gave no way through. Its answer is the administrator's to see, not the tenant's: the message says no more than that. */
export class ProxyRefused extends Error {
  override readonly name = 'ProxyRefused'

  constructor(why: string, options?: ErrorOptions) {
    super(`The administrator's proxy did not let the connection through (${why}).`, options)
  }
}

/** The headers that a proxy's URL asks for: its user and password, as Basic. */
export function proxyHeaders({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}` }
}

/** Connects by way of a proxy, for https and http alike; `secure` speaks TLS with the target over the way that was given. */
export const proxyConnector =
  (ask: AskProxy, headers: Record<string, string>, secure: buildConnector.connector): buildConnector.connector =>
  (target, callback) => {
    const port = target.port || (target.protocol === 'https:' ? '443' : '80')
    const host =
      target.hostname.includes(':') && !target.hostname.startsWith('[') ? `[${target.hostname}]` : target.hostname
    ask(`${host}:${port}`, { ...headers, host: `${host}:${port}` }).then(
      ({ statusCode, socket }) => {
        if (statusCode !== 200) {
          socket.on('error', () => undefined).destroy()
          return callback(new ProxyRefused(`it answered ${statusCode}`), null)
        }
        if (target.protocol !== 'https:') return callback(null, socket as Parameters<typeof callback>[1] & object)
        secure({ ...target, httpSocket: socket } as buildConnector.Options, callback)
      },
      (error: Error) => callback(ofProxy(error), null),
    )
  }

/**
 * What went wrong on the way to the proxy, as the sink's own client may see it: that takes undici's code for a closed socket as a reason to connect
 * again, at once and for ever.
 */
function ofProxy(error: NodeJS.ErrnoException): Error {
  if (error.name === 'TimeoutError')
    return Object.assign(new Error('no way in time', { cause: error }), { code: 'ETIMEDOUT' })
  return error.code === 'UND_ERR_SOCKET' ? new ProxyRefused('it closed the connection', { cause: error }) : error
}
