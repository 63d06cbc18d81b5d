import type { Policy } from '../api/policy.ts'
import type { Config } from '../config/config.ts'
import type { Egress } from '../delivery/egress.ts'
import type { Services } from '../delivery/services.ts'
import type { Cluster } from '../formats/format.ts'
import type { Archive } from '../kube/archive.ts'
import type { KubeClient } from '../kube/client.ts'
import type { KubeLog } from '../kube/log.ts'
import type { Replays } from '../operator/control/replays.ts'
import type { Loops } from '../operator/loops.ts'
import type { Renderer } from '../operator/render.ts'
import type { OperatorState } from '../operator/state.ts'
import type { Statuses } from '../operator/statuses.ts'
import type { TektonSink } from '../operator/tekton-sink.ts'
import type { SqliteOutbox } from '../outbox/sqlite.ts'
import type { StatusBook } from '../status/book.ts'
import type { Metrics } from '../status/metrics.ts'
import type { StatusWriter } from '../status/writer.ts'
import type { ConfigKeeper } from './config-keeper.ts'
import type { Quotas } from './quotas.ts'

/** What every part is given: connected, opened, compiled. */
export type Ground = {
  config: Config
  /** What the administrator decides, as it is now. */
  policy(): Policy
  /** Keeps `policy` as ConfigMap carillon-config has it. */
  keeper: ConfigKeeper
  client: KubeClient
  archive: Archive | undefined
  cluster: Cluster
  egress: Egress
  /** Those that sinks name. */
  services: Services
  log: KubeLog
  /** What a checkpoint is taken to be less than it says; ms. */
  marginMs: number
}

/** Whether this instance may still write what it has read: true while it leads, or as soon as it does again. */
export type Fence = (signal: AbortSignal) => Promise<boolean>

/** What most parts share. */
export type Parts = {
  ground: Ground
  outbox: SqliteOutbox
  metrics: Metrics
  book: StatusBook
  loops: Loops
  state: OperatorState
  statuses: Statuses
  renderer: Renderer
  writer: StatusWriter
  fence: Fence
  replays: Replays
  quotas: Quotas
  /** What is known of Tekton's own sink. `due`: somebody asks for it now. */
  ofTekton: { sink: TektonSink | undefined; due: boolean }
}

/** Who writes core Events. */
export const controller = 'carillon'

/** The one wall clock, ms since the epoch. */
export const now = Date.now
