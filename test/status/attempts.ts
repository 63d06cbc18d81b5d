import type { AttemptRecord } from '../../src/delivery/attempt.ts'

export const start = Date.UTC(2026, 10, 22, 12)

/** An attempt that was taken; `second` after `start`. */
export const taken = (second: number, over: Partial<AttemptRecord> = {}): AttemptRecord => ({
  time: start + second * 1000,
  sink: 'team-a/qe',
  subscription: 'team-a/builds',
  subscriptionUid: 'uid-builds',
  id: `event-${second}`,
  type: 'dev.carillon.tekton.taskrun.finished.v1',
  subject: 'taskrun/build',
  attempts: 1,
  durationMs: 12.6,
  httpStatus: 202,
  outcome: 'delivered',
  reason: '',
  message: '',
  nextAttempt: undefined,
  rests: false,
  ...over,
})

export const failed = (second: number, over: Partial<AttemptRecord> = {}): AttemptRecord =>
  taken(second, {
    httpStatus: 503,
    outcome: 'retry',
    reason: 'HTTP503',
    message: 'answered 503 Service Unavailable',
    nextAttempt: start + second * 1000 + 1000,
    ...over,
  })

export const held = (second: number, over: Partial<AttemptRecord> = {}): AttemptRecord =>
  failed(second, {
    httpStatus: 401,
    outcome: 'hold',
    reason: 'HTTP401',
    message: 'answered 401 Unauthorized',
    rests: true,
    ...over,
  })

export const refused = (second: number, over: Partial<AttemptRecord> = {}): AttemptRecord =>
  failed(second, {
    httpStatus: 400,
    outcome: 'dead',
    reason: 'HTTP400',
    message: 'answered 400 Bad Request',
    nextAttempt: undefined,
    ...over,
  })
