import type { EventSink } from '../../../api/generated.ts'
import { accept, refuse, type Verdict } from '../../../api/verdict.ts'
import type { Access } from '../../../delivery/access.ts'
import { keptText } from '../../../delivery/answer-text.ts'
import type { SinkRuntime } from '../../../delivery/sink.ts'
import type { SendOptions, Transport } from '../../../delivery/transports/transport.ts'
import { readAgreement } from '../../../delivery/validation.ts'
import type { Cluster } from '../../../formats/format.ts'
import { encodeTest, testType } from '../../../formats/test-event.ts'
import type { SinkState } from '../../state.ts'
import type { SinkTestAnswer } from '../api.ts'
import { readSinkTest } from '../requests.ts'
import type { Handler } from '../socket.ts'
import { type Exchanged, stepsOf, type Trial } from './steps.ts'

export type SinkTestDeps = {
  sink(key: string): SinkState | undefined
  checkUrl(url: string, toService: boolean): Verdict<URL>
  /** What the sink's spec asks of requests, read anew. */
  access(sink: EventSink): Promise<Verdict<Access>>
  transport(sink: SinkRuntime): Transport
  cluster: Pick<Cluster, 'uri'>
  log: { info(fields: object, message: string): void }
  now(): number
  uuid(): string
}

/** Sends one event to a sink, past the outbox, and tells what came of it: one at a time for each sink. */
export function sinkTester(deps: SinkTestDeps): Handler {
  const underWay = new Set<string>()
  return async ({ body, signal }) => {
    const request = readSinkTest(body)
    if (!request.ok) return request
    const { sink: key } = request.value
    const state = deps.sink(key)
    if (!state) return refuse('SinkNotFound', `there is no EventSink ${key} that this operator serves`)
    const { object, readiness, runtime } = state
    if (!runtime)
      return refuse('SinkNotReady', `EventSink ${key} can't be sent to: ${readiness.message} (${readiness.reason})`)
    if (underWay.has(key)) return refuse('SinkTestUnderWay', `EventSink ${key} is being tested: wait for its end`)
    underWay.add(key)
    try {
      return await testSink(object, runtime, deps, signal)
    } finally {
      underWay.delete(key)
    }
  }
}

async function testSink(
  object: EventSink,
  sink: SinkRuntime,
  deps: SinkTestDeps,
  signal: AbortSignal,
): Promise<Verdict<SinkTestAnswer>> {
  const { cluster, log, now, uuid } = deps
  const id = uuid()
  const trial: Trial = { sink, url: deps.checkUrl(sink.url, sink.service !== undefined) }
  const credentials = trial.url.ok ? await deps.access(object) : undefined
  trial.credentials = credentials
  if (credentials?.ok) {
    await using transport = deps.transport(sink)
    const event = encodeTest({ sink: sink.key, id, time: now(), cluster })
    const send = (options: SendOptions) =>
      sink.mode === 'batch' ? transport.sendBatch([event], options) : transport.send(event, options)
    await exchange(trial, { transport, access: credentials.value, send, signal })
  }
  const steps = stepsOf(trial, now())
  const failed = steps.find(({ result }) => result === 'failed')
  log.info(
    { sink: sink.key, id, reason: failed?.reason ?? 'Delivered' },
    'a sink was tested, as was asked for by the socket',
  )
  const sent = credentials?.ok ? credentials.value.headers : {}
  const event = { id, type: testType, source: `${cluster.uri}/carillon` }
  return accept({ sink: sink.key, ok: !failed, suspended: sink.suspend, event, steps, ...toldOf(trial, sent) })
}

type Ways = {
  transport: Transport
  access: Access
  send(options: SendOptions): Promise<Exchanged['answer']>
  signal: AbortSignal
}

/** Asks first where the sink is to be asked; sends where it has agreed. */
async function exchange(trial: Trial, { transport, access, send, signal }: Ways): Promise<void> {
  const { validation } = trial.sink
  const common = { ...access, signal }
  if (validation) {
    const { connected, result } = await watched((watch) => transport.ask(validation, { ...common, connected: watch }))
    const said = readAgreement(result, validation)
    trial.asked = {
      agreed: said.kind === 'agreed',
      connected,
      answer: said.kind === 'agreed' ? result.answer : said.answer,
    }
    trial.heard = result.answer
    if (said.kind !== 'agreed') return
  }
  const { connected, result } = await watched((watch) => send({ ...common, connected: watch }))
  trial.sent = { answer: result, connected }
  trial.heard = result
}

/** Makes a request; `connected`: there was a connection for it. */
async function watched<T>(request: (connected: () => void) => Promise<T>): Promise<{ connected: boolean; result: T }> {
  let connected = false
  const result = await request(() => {
    connected = true
  })
  return { connected, result }
}

/** What the receiver answered last: its text without the values of the headers that were sent. */
function toldOf({ heard }: Trial, sent: Access['headers']): Pick<SinkTestAnswer, 'status' | 'durationMs' | 'text'> {
  if (!heard) return {}
  if (heard.kind === 'failure') return { durationMs: heard.durationMs }
  const text = keptText(heard.text, sent)
  return { status: heard.status, durationMs: heard.durationMs, ...(text && { text }) }
}
