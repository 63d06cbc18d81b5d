import { isIP } from 'node:net'
import type { Refusal, Verdict } from '../api/verdict.ts'
import type { FailureClass } from './attempt.ts'
import type { buildConnector } from './egress.ts'
import type { Endpoint } from './service-endpoints.ts'
import { shuffled } from './shuffle.ts'

/** The endpoints to connect to now; `fresh` where those that were known led nowhere. */
export type ReadEndpoints = (fresh: boolean) => Promise<Verdict<readonly Endpoint[]>>

/** Why a Service gives nowhere to connect to. */
export class ServiceRefused extends Error {
  override readonly name = 'ServiceRefused'
  readonly reason: FailureClass

  constructor({ reason, message }: Refusal) {
    super(message)
    // The reasons of Services, and of the guard, are classes of failures too.
    this.reason = reason as FailureClass
  }
}

/** So many endpoints are tried in one attempt. */
const mostTries = 3

type Connected = NonNullable<Parameters<buildConnector.Callback>[1]>

export type ServiceConnectorOptions = {
  endpoints: ReadEndpoints
  /** What of them may be connected to; the refusal of all the others. */
  permitted(endpoints: readonly Endpoint[]): Verdict<readonly Endpoint[]>
  /** Dials one address; gives up within so many ms. */
  dial(timeoutMs: number): buildConnector.connector
  /** For all tries together. */
  connectTimeoutMs: number
  random(): number
}

/**
 * Connects to a Service's endpoints instead of what its name resolves to: to one at random, to the next where that fails. Host and the name that
 * a certificate has to hold stay the Service's.
 */
export function serviceConnector(options: ServiceConnectorOptions): buildConnector.connector {
  const { endpoints, permitted, dial, connectTimeoutMs, random } = options
  let fresh = false
  const open = async (target: buildConnector.Options): Promise<Connected> => {
    const read = await endpoints(fresh)
    const allowed = read.ok ? permitted(read.value) : read
    if (!allowed.ok) throw new ServiceRefused(allowed)
    const tries = inTurns(shuffled(allowed.value, random), allowed.value[0]).slice(0, mostTries)
    const isTls = target.protocol === 'https:'
    let failure: unknown
    for (const { address, port } of tries) {
      const connect = dial(connectTimeoutMs / tries.length)
      const one = { ...target, hostname: address, port: String(port), ...(isTls && { servername: target.hostname }) }
      try {
        const socket = await connected(connect, one)
        fresh = false
        return socket
      } catch (error) {
        failure = error
      }
    }
    fresh = true
    throw failure
  }
  return (target, callback) => {
    open(target).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    )
  }
}

const connected = (connect: buildConnector.connector, target: buildConnector.Options): Promise<Connected> =>
  new Promise((resolve, reject) => {
    connect(target, (...[error, socket]) => (socket ? resolve(socket) : reject(error)))
  })

/** IPv4 and IPv6 in turns, so that a family without a route holds nobody up; that of `first` begins. */
function inTurns(endpoints: readonly Endpoint[], first: Endpoint | undefined): Endpoint[] {
  const family = isIP(first?.address ?? '')
  const [these, others] = [true, false].map((same) =>
    endpoints.filter(({ address }) => (isIP(address) === family) === same),
  )
  const most = Math.max(these?.length ?? 0, others?.length ?? 0)
  return Array.from({ length: most }, (_, at) => [these?.[at], others?.[at]].filter((one) => one !== undefined)).flat()
}
