import type { Socket } from 'node:net'
import type { buildConnector } from './egress.ts'

type Connector = buildConnector.connector

/**
 * So many bytes one answer may take on its way: its head, 64 KiB of its body, and what frames them. Neither undici nor llhttp bounds informational
 * answers, empty lines before an answer, or chunk extensions: whoever sends those without end takes a core for as long as an attempt may last.
 */
const maxBytes = 256 * 1024

/** An answer that was longer than any that is read. */
export class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong'
}

/** Connections that end where an answer goes on and on. Requests go one at a time, so what comes in since the last was written is its answer. */
export const boundAnswers =
  (connect: Connector): Connector =>
  (target, callback) =>
    connect(target, (...made) => {
      if (made[1]) watch(made[1])
      callback(...made)
    })

function watch(socket: Socket): void {
  let written = socket.bytesWritten
  let read = socket.bytesRead
  socket.on('readable', () => {
    if (socket.bytesWritten !== written) {
      written = socket.bytesWritten
      // What has just come in belongs to this request: only what came before it is set aside.
      read = Math.max(read, socket.bytesRead - socket.readableLength)
    }
    if (socket.bytesRead - read > maxBytes) socket.destroy(new AnswerTooLong('the answer goes on and on'))
  })
}
