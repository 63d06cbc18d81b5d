import { statSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'
import { maxSocketPath, type Problem, type ReplayLine, socketName, versionHeader } from '../operator/control/api.ts'

/** The operator, by the socket in its data directory, and the version that this program has itself. */
export type Operator = { dataDir: string; version: string }

/** Listing hundreds of thousands of dead letters takes some time; a replay takes as long as it does. */
const patienceMs = 120_000

/** Asks the operator, and reads its answer as JSON. */
export async function ask<T>(
  operator: Operator,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
  timeoutMs = patienceMs,
): Promise<Verdict<T>> {
  const sent = await send(operator, method, path, body, timeoutMs)
  if (!sent.ok) return sent
  const response = sent.value
  try {
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    const answer: unknown = JSON.parse(Buffer.concat(chunks).toString())
    return response.statusCode === 200 ? accept(answer as T) : problem(answer, response, operator)
  } catch (error) {
    return refuse('AnswerBroken', `the operator's answer broke off: ${(error as Error).message}`)
  }
}

/** The same for an answer that comes line by line; `each` hears all lines but the last. */
export async function follow(
  operator: Operator,
  path: string,
  body: object,
  each: (line: ReplayLine) => void,
): Promise<Verdict<ReplayLine>> {
  const sent = await send(operator, 'POST', path, body, 0)
  if (!sent.ok) return sent
  let last: ReplayLine | undefined
  try {
    for await (const line of createInterface({ input: sent.value })) {
      if (last) each(last)
      const parsed: unknown = JSON.parse(line)
      if (sent.value.statusCode !== 200) return problem(parsed, sent.value, operator)
      last = parsed as ReplayLine
    }
  } catch (error) {
    return refuse('AnswerBroken', `the operator's answer broke off: ${(error as Error).message}`)
  }
  if (last && !('progress' in last)) return accept(last)
  return refuse('AnswerBroken', 'the operator ended before it was done: what is enqueued stays; do it once more')
}

function send(
  { dataDir }: Operator,
  method: string,
  path: string,
  body: object | undefined,
  timeout: number,
): Promise<Verdict<IncomingMessage>> {
  const socketPath = join(dataDir, socketName)
  if (Buffer.byteLength(socketPath) > maxSocketPath) {
    const message = `${socketPath} is longer than the ${maxSocketPath} bytes that a socket's path may have: the operator has none there`
    return Promise.resolve(refuse('SocketUnavailable', message))
  }
  const text = body === undefined ? undefined : JSON.stringify(body)
  const headers =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  return new Promise((resolve) => {
    const outgoing = request({ socketPath, method, path, headers, timeout, agent: false }, (response) =>
      resolve(accept(response)),
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeout / 1000} seconds`)))
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(refusalOf(error, dataDir, socketPath)))
    outgoing.end(text)
  })
}

function refusalOf({ code, message }: NodeJS.ErrnoException, dataDir: string, socketPath: string): Refusal {
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR' || code === 'ENOTSOCK') {
    return refuse(
      'NoOperator',
      `no operator runs on ${dataDir}: start it, or name its --data-dir; one that waits for its Lease does not answer, the pod that holds it does`,
    )
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return refuse(
      'PermissionDenied',
      `permission denied: ${socketPath} is for the operator's own user only${ownerOf(dataDir)}`,
    )
  }
  return refuse('SocketFailed', `the operator can't be asked by ${socketPath}: ${message}`)
}

/** Who the data directory is of, where that much can be seen. */
function ownerOf(directory: string): string {
  try {
    return `, uid ${statSync(directory).uid}`
  } catch {
    return '' // a directory above it is closed
  }
}

/** What the operator says is wrong. One of another version may not know what it is asked for. */
function problem(answer: unknown, response: IncomingMessage, { version }: Operator): Refusal {
  const { reason = 'SocketFailed', message = `HTTP ${response.statusCode}` } = (answer ?? {}) as Partial<Problem>
  const other = response.headers[versionHeader]
  if (other !== undefined && other !== version && (reason === 'UnknownPath' || reason === 'RequestInvalid')) {
    return refuse(
      'OtherVersion',
      `the operator has version ${other} and this program ${version}: use that of the operator (${message})`,
    )
  }
  return refuse(reason, message)
}
