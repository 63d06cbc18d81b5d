import { isDeepStrictEqual } from 'node:util'
import type { EventSubscription } from '../api/generated.ts'
import type { Policy } from '../api/policy.ts'
import { accept, type Verdict } from '../api/verdict.ts'
import { rememberingReader } from '../formats/user-events/annotation.ts'
import type { ActivationSpec } from './activation.ts'
import type { OperatorState, SubscriptionState } from './state.ts'
import { activationSpec, type CompileContext, compileSubscription, type SinkContext, sinksOf } from './subscription.ts'
import { ownSecret, type SinkUses } from './tenancy/sink-uses.ts'

export type UnderstandDeps = Pick<CompileContext, 'sources' | 'formats'> & {
  state: Pick<OperatorState, 'sinks' | 'maxEventBytes'>
  policy(): Policy
  budget?: CompileContext['budget']
  /** Whether a Secret of the subscription's namespace holds credentials. */
  ownCredentials(namespace: string, secret: string, fresh: boolean): Promise<Verdict<unknown>>
}

/** A subscription as it is to be understood now, and what its activations go by, where it can be. */
export type Understood = { state: SubscriptionState; spec: ActivationSpec | undefined }

/**
 * Understands subscriptions. `fresh`: whoever has asked for it wants no remembered Secrets. What was compiled `before` is as good now, where only
 * sinks have changed: a sink that is shared may have a thousand subscriptions.
 */
export function understanding(deps: UnderstandDeps) {
  const { budget, formats, policy, sources, state } = deps
  const readDeclarations = rememberingReader()
  const ofSinks: SinkContext = {
    maxEventBytes: (sink) => state.maxEventBytes(sink),
    parking: (sink) => state.sinks.get(sink)?.runtime?.parking,
  }
  return async (
    object: EventSubscription,
    uses: SinkUses,
    fresh: boolean,
    before: SubscriptionState | undefined,
  ): Promise<Understood> => {
    const decided = policy()
    const known = before && isSame(before.object, object) && before.policy === decided ? before.emitter : undefined
    const compiled = known
      ? accept({ ...known, ...sinksOf(uses, ofSinks) })
      : compileSubscription(object, {
          sources,
          formats,
          policy: decided,
          ...(budget && { budget }),
          uses,
          ...ofSinks,
          readDeclarations,
        })
    const spec = activationSpec(object)
    const refusal = compiled.ok ? spec : compiled
    if (!compiled.ok || !spec.ok) {
      const { reason, message } = refusal as { reason: string; message: string }
      return { state: { object, stalled: { kind: 'stalled', reason, message }, emitter: undefined }, spec: undefined }
    }
    const credentials = await whatIsWrong(object, uses, deps, fresh)
    const understood = {
      object,
      stalled: undefined,
      emitter: compiled.value,
      policy: decided,
      credentials,
      noSink: uses.none,
    }
    return { state: understood, spec: spec.value }
  }
}

const isSame = (one: EventSubscription, other: EventSubscription): boolean =>
  one === other || (one.metadata.uid === other.metadata.uid && isDeepStrictEqual(one.spec, other.spec))

/** Of the Secrets that are needed now. */
async function whatIsWrong(object: EventSubscription, { open }: SinkUses, deps: UnderstandDeps, fresh: boolean) {
  for (const secret of new Set(open.flatMap((sink) => ownSecret(object, sink) ?? []))) {
    const found = await deps.ownCredentials(object.metadata.namespace ?? '', secret, fresh)
    if (!found.ok) return found
  }
  return undefined
}

/** The sinks that a subscription meant before and may use only now. */
export function openedSinks(
  before: SubscriptionState | undefined,
  { object, emitter }: SubscriptionState,
): Set<string> {
  const was = before?.emitter
  if (!emitter || !was || was.uid !== emitter.uid) return new Set()
  const closed = new Set(was.closed.map(({ key }) => key))
  const used = new Set(was.sinks.map(({ key }) => key))
  // Of one that names none it is another default, or the first.
  const meansAny = !object.spec.sinks && before.object.metadata.generation === object.metadata.generation
  return new Set(emitter.sinks.map(({ key }) => key).filter((key) => closed.has(key) || (meansAny && !used.has(key))))
}

/** The sinks for which nothing is written down from now on, though it may be again: those that it may not use, and defaults of before. */
export function closedSinks(before: SubscriptionState | undefined, { object, emitter }: SubscriptionState): string[] {
  const closed = (emitter?.closed ?? []).map(({ key }) => key)
  if (object.spec.sinks || before?.object.metadata.uid !== object.metadata.uid) return closed
  const open = new Set(emitter?.sinks.map(({ key }) => key))
  const past = (before.emitter?.sinks ?? []).map(({ key }) => key)
  return open.size > 0 ? closed : [...new Set([...closed, ...past])]
}
