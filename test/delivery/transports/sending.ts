import assert from 'node:assert/strict'
import type { Access } from '../../../src/delivery/access.ts'
import type { Answer } from '../../../src/delivery/attempt.ts'
import { compileEgress } from '../../../src/delivery/egress.ts'
import type { Resolve } from '../../../src/delivery/resolver.ts'
import { type HttpOptions, httpTransport } from '../../../src/delivery/transports/http.ts'
import { eventOf } from '../events.ts'
import type { Act } from '../sockets.ts'

export const never = new AbortController().signal
export const toLoopback: Resolve = (_host, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])
export function open(url: string, options: Partial<HttpOptions> = {}, resolve?: Resolve) {
  const egress = compileEgress({ allowCidrs: ['127.0.0.0/8'] }, resolve)
  assert.ok(egress.ok)
  return httpTransport({ url, mode: 'binary', timeoutMs: 10_000, connections: 4, egress: egress.value, ...options })
}

export async function sendTo(
  url: string,
  options: Partial<HttpOptions> = {},
  resolve?: Resolve,
  access: Omit<Access, 'headers'> = {},
): Promise<Answer> {
  await using transport = open(url, options, resolve)
  return await transport.send(eventOf('1'), { ...access, headers: {}, signal: never })
}

export const reply =
  (status: number, headers = '', body = ''): Act =>
  (socket) =>
    socket.write(`HTTP/1.1 ${status} X\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`)

export const summary = (answer: Answer | undefined) =>
  answer?.kind === 'response' ? answer.status : `${answer?.class}: ${answer?.message}`
