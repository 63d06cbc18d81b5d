import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../api/object.ts'
import type { Policy } from '../api/policy.ts'
import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'
import type { Config } from '../config/config.ts'
import { type Configured, configure, type Start } from '../config/configure.ts'
import { fixedChanges } from '../config/fixed.ts'
import { keepLastGood, readLastGood } from '../config/last-good.ts'
import type { Egress } from '../delivery/egress.ts'
import type { KubeClient } from '../kube/client.ts'
import type { KubeLog } from '../kube/log.ts'
import { createEvent, type EventNote, getObject } from '../kube/resources.ts'
import type { Metrics } from '../status/metrics.ts'

export const configMapName = 'carillon-config'
export const configMaps = { group: '', version: 'v1', plural: 'configmaps' }

export type ConfigKeeperOptions = {
  start: Start
  /** Of flags and environment alone. */
  namespace: string
  dataDir: string
  client: KubeClient
  log: KubeLog
  metrics: Metrics
  /** Who writes core Events: `carillon.dev/operator`. */
  controller: string
  now(): number
  setLevel(level: Config['logLevel']): void
}

/**
 * What ConfigMap carillon-config says, as far as it was found good: it is taken whole or not at all, and where it is not, what was taken last
 * stays; without a ConfigMap the defaults count. What only counts from the start on stays for a life.
 */
export class ConfigKeeper {
  private readonly options: ConfigKeeperOptions
  /** What was taken last. */
  private text: string | undefined
  /** What was judged last, good or bad. */
  private judged: string | undefined
  private current: Configured | undefined
  /** Of this life. */
  private running: Config | undefined
  /** The policy has become another than `before`. */
  changed: (before: Policy) => void = () => undefined

  constructor(options: ConfigKeeperOptions) {
    this.options = options
  }

  get policy(): Policy {
    return this.now.config.policy
  }

  /** The door out by the policy as it is now. */
  readonly egress: Egress = {
    check: (...of) => this.now.egress.check(...of),
    agent: (...of) => this.now.egress.agent(...of),
    isCrowded: (namespace) => this.now.egress.isCrowded(namespace),
  }

  private get now(): Configured {
    if (!this.current) throw new Error('the configuration is not read yet')
    return this.current
  }

  /** Reads it for a life that begins. A bad one is refused where nothing good is known: neither from before, nor from the data directory. */
  async begin(): Promise<Verdict<Config>> {
    const found = await this.read()
    if (!found.ok) return found
    const text = textOf(found.value)
    const configured = configure(this.options.start, text)
    if (configured.ok) {
      this.judged = text
      this.become(text, configured.value)
      this.options.metrics.configGood.set(1)
    } else {
      const good = await this.lastGood()
      if (!good) return configured
      if (this.judged !== text) await this.refused(found.value, text, configured)
      this.become(good.text, good.configured)
    }
    this.options.metrics.configRestartNeeded.set(0)
    this.running = this.now.config
    return accept(this.running)
  }

  /** Takes in what became of the ConfigMap; undefined where it is gone. Resolves once that is told. */
  async take(map: KubeObject | undefined): Promise<void> {
    const text = textOf(map)
    if (text === this.judged) return
    const configured = configure(this.options.start, text)
    if (!configured.ok) return await this.refused(map, text, configured)
    this.judged = text
    const before = this.policy
    this.become(text, configured.value)
    await this.keep()
    await this.accepted(map)
    if (this.policy !== before) this.changed(before)
  }

  /** Writes down what was taken last, for a start that finds a bad one. To be called while this process owns the data directory. */
  async keep(): Promise<void> {
    if (this.text === undefined) return
    try {
      await keepLastGood(this.options.dataDir, this.text)
    } catch (error) {
      this.options.log.warn({ err: error }, 'the configuration could not be kept for a start that finds a bad one')
    }
  }

  private async read(): Promise<Verdict<KubeObject | undefined>> {
    const { client, namespace } = this.options
    try {
      return accept(await getObject(client, configMaps, namespace, configMapName))
    } catch (error) {
      // No reason to go on with another cluster URI or other admins.
      const { message } = error as Error
      return refuse('ConfigUnreadable', `ConfigMap carillon-config of namespace ${namespace} can't be read: ${message}`)
    }
  }

  private async lastGood(): Promise<{ text: string; configured: Configured } | undefined> {
    const { dataDir, log, start } = this.options
    try {
      const text = this.text ?? (await readLastGood(dataDir))
      const configured = text === undefined ? undefined : configure(start, text)
      return text !== undefined && configured?.ok ? { text, configured: configured.value } : undefined
    } catch (error) {
      log.warn({ err: error }, 'the configuration that was taken last could not be read')
      return undefined
    }
  }

  private become(text: string, { config, egress }: Configured): void {
    const before = this.current
    this.text = text
    this.current = before ? keepEqual(before, { config, egress }) : { config, egress }
    this.options.setLevel(config.logLevel)
  }

  private async accepted(map: KubeObject | undefined): Promise<void> {
    const { log, metrics } = this.options
    const keys = this.running ? fixedChanges(this.running, this.now.config) : []
    metrics.configReloads.inc({ result: 'ok' })
    metrics.configGood.set(1)
    metrics.configRestartNeeded.set(keys.length > 0 ? 1 : 0)
    const what = map ? 'carillon-config was read anew' : 'carillon-config is gone: the defaults count, and flags'
    log[map ? 'info' : 'warn']({}, what)
    await this.tell(map, { type: 'Normal', reason: 'ConfigReloaded', message: 'config.yaml counts as it is now' })
    if (keys.length === 0) return
    const message = `${keys.join(', ')}: read at the start only, so the change counts once the operator is started again`
    log.warn({ keys }, `carillon-config: ${message}`)
    await this.tell(map, { type: 'Warning', reason: 'ConfigNeedsRestart', message })
  }

  private async refused(map: KubeObject | undefined, text: string, { message }: Refusal): Promise<void> {
    const { log, metrics } = this.options
    this.judged = text
    metrics.configReloads.inc({ result: 'refused' })
    metrics.configGood.set(0)
    const told = `refused as a whole, what was taken last stays: ${message}`
    log.error({}, `carillon-config is ${told}`)
    await this.tell(map, { type: 'Warning', reason: 'ConfigInvalid', message: told })
  }

  private async tell(map: KubeObject | undefined, note: Omit<EventNote, 'reportingComponent'>): Promise<void> {
    const { client, controller, log, now } = this.options
    if (!map) return
    try {
      const about = { apiVersion: 'v1', kind: 'ConfigMap', metadata: map.metadata }
      const created = await createEvent(client, about, { ...note, reportingComponent: controller }, now())
      if (!created.ok) log.debug({ reason: created.reason }, 'a core Event was refused')
    } catch (error) {
      log.warn({ err: error }, 'a core Event could not be written')
    }
  }
}

/** What is equal stays the very object: others tell by that whether it has changed. */
function keepEqual(before: Configured, { config, egress }: Configured): Configured {
  const was = before.config.policy
  if (isDeepStrictEqual(was, config.policy)) return { config: { ...config, policy: was }, egress: before.egress }
  if (!isDeepStrictEqual(was.egress, config.policy.egress)) return { config, egress }
  return { config: { ...config, policy: { ...config.policy, egress: was.egress } }, egress: before.egress }
}

/** Without the key, and without the ConfigMap, nothing is given. */
function textOf(map: KubeObject | undefined): string {
  const text = (map?.data as Record<string, unknown> | undefined)?.['config.yaml']
  return typeof text === 'string' ? text : ''
}
