import { KubeError } from './errors.ts'

/** An answer of the API server, read to its end. Any status is a value; see `expectOk`. */
export type KubeResponse = {
  /** Method and path, for messages. */
  readonly request: string
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Size of the body in bytes. */
  readonly bytes: number
  readonly text: string
  /** Parses the body anew at each call. Throws a KubeError `BadAnswer` when it is not JSON. */
  json(): unknown
}

export function responseOf(
  request: string,
  status: number,
  headers: Record<string, string | string[] | undefined>,
  body: Buffer,
): KubeResponse {
  return {
    request,
    status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    bytes: body.length,
    get text() {
      return body.toString('utf8')
    },
    json() {
      try {
        return JSON.parse(body.toString('utf8')) as unknown
      } catch {
        // No cause: V8 quotes what it could not read, and that may be a Secret.
        throw new KubeError('BadAnswer', `${request}: ${body.length} bytes that are not JSON`, { status })
      }
    },
  }
}
