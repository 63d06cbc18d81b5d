import { sinkDefaults } from '../../api/defaults.ts'
import type { EventSink } from '../../api/generated.ts'
import { defaultPolicy } from '../../api/policy.ts'
import { serviceOf, sinkUrl } from '../../api/sink-url.ts'
import { accept } from '../../api/verdict.ts'
import { secretsNeeded } from '../../delivery/credentials.ts'
import { compileEgress } from '../../delivery/egress.ts'
import { judgeSink } from '../../operator/sink.ts'
import type { SinkState } from '../../operator/state.ts'
import type { CompileContext } from '../../operator/subscription.ts'
import type { Document } from '../documents.ts'
import { declare } from './declared.ts'
import type { RefusedCr } from './explained.ts'

/** The sinks that were given, by `namespace/name`, and what of them subscriptions are compiled with. */
export type GivenSinks = {
  given: ReadonlyMap<string, EventSink>
  limits: Pick<CompileContext, 'maxEventBytes' | 'parking'>
  refused: RefusedCr[]
}

/** Secrets are not looked at, and names not resolved. */
export function readSinks(
  documents: readonly Document[],
  { namespace, note }: { namespace: string; note(line: string): void },
): GivenSinks {
  const states = new Map<string, SinkState>()
  const refusedSinks: RefusedCr[] = []
  const egress = compileEgress(defaultPolicy.egress)
  if (!egress.ok) throw new Error(egress.message)
  for (const document of documents) {
    const { key, object, refused, unchecked } = declare<EventSink>(document, namespace)
    const isHostless = /^https?:\/\/([:/?#]|$)/.test(object.spec?.http?.url ?? '')
    // What only a rule says that can't be tried here.
    const problems = isHostless ? [...refused, ...unchecked] : refused
    const refuse = (reason: string, texts: string[]) =>
      refusedSinks.push({ kind: 'EventSink', name: key, reason, problems: texts })
    if (problems.length > 0) {
      refuse(
        'Invalid',
        problems.map(({ path, message }) => `${path}: ${message}`),
      )
      continue
    }
    const url = egress.value.check(sinkUrl(object), serviceOf(object) !== undefined)
    const state = judgeSink(object, { url, credentials: accept(undefined) })
    const { kind, reason, message } = state.readiness
    if (reason === 'AddressRefused' || reason === 'PortRefused') note(`EventSink ${key}: ${message}`)
    else if (kind === 'stalled') refuse(reason, [message])
    states.set(key, state)
  }
  const secrets = new Set(
    [...states.values()].flatMap(({ object }) => [...secretsNeeded(object.spec.http ?? {}).keys()]),
  )
  if (secrets.size > 0)
    note(
      `Secrets (${[...secrets].join(', ')}) are not looked at: the conditions of their sinks tell, and \`carillon sinks test\``,
    )
  return {
    given: new Map([...states].map(([key, { object }]) => [key, object])),
    limits: {
      maxEventBytes: (sink) => states.get(sink)?.maxEventBytes ?? sinkDefaults.limits.maxEventBytes,
      parking: (sink) => states.get(sink)?.runtime?.parking,
    },
    refused: refusedSinks,
  }
}
