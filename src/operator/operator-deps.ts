import type { EventSink, EventSubscription } from '../api/generated.ts'
import type { KubeObject } from '../api/object.ts'
import type { Policy } from '../api/policy.ts'
import type { KnownSources } from '../filters/selection.ts'
import type { Format, FormatName } from '../formats/format.ts'
import type { KubeLog } from '../kube/log.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { StatusBook } from '../status/book.ts'
import type { StatusWriter } from '../status/writer.ts'
import type { Collection } from './collection.ts'
import type { ForgetDeps, ForgetSinkDeps } from './forget.ts'
import type { LookingBack } from './recovery/looking-back.ts'
import type { NamespacesSeen } from './recovery/namespaces-seen.ts'
import type { Recovery } from './recovery/recovery.ts'
import type { SinkChecks } from './sink.ts'
import type { OperatorState } from './state.ts'
import type { UnderstandDeps } from './understand.ts'
import type { Watches } from './watches.ts'

type Known<T extends KubeObject> = Pick<Collection<T>, 'objects' | 'synced'>

type Passed = 'ownCredentials' | 'budget' | 'stopDelivery' | 'ended' | 'left'

export type OperatorDeps = Pick<UnderstandDeps & ForgetDeps & ForgetSinkDeps, Passed> & {
  state: OperatorState
  sinks: Known<EventSink>
  subscriptions: Known<EventSubscription>
  namespaces: { readonly objects: ReadonlyMap<string, KubeObject>; readonly synced: boolean }
  watches: Pick<Watches, 'want'>
  outbox: Outbox
  lookingBack: LookingBack
  recovery: Pick<Recovery, 'restore' | 'begin'>
  namespacesSeen: Pick<NamespacesSeen, 'since' | 'look' | 'keep'>
  book: StatusBook
  writer: Pick<StatusWriter, 'mark'>
  sources: KnownSources
  formats: Readonly<Record<FormatName, Format>>
  /** What the administrator decides, as it is now. */
  policy(): Policy
  /** What a sink refers to, as it is now; `fresh` where an old answer won't do, `known` where it was found fine and only the policy is new. */
  checkSink(sink: EventSink, fresh: boolean, known: boolean): Promise<SinkChecks>
  startDelivery(sink: string): void
  dropped: ForgetDeps['dropped']
  /** Dead letters go once more, as forceAt asks for. */
  sendAgain(chosen: { sink: string } | { subscriptionUid: string }): Promise<void>
  /** A CR asks for a status with numbers of now. */
  asked(): void
  forgotten(key: string): void
  log: KubeLog
  now(): number
  /** The API server's clock, ms. */
  serverNow(): number
  wait(ms: number, signal: AbortSignal): Promise<void>
}
