import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Everything that /metrics shows. Labels are kinds, sinks, formats and reasons; never the name of a run. */
export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Gauge({ name, help, labelNames, registers })
  return {
    registry,
    watchEvents: counter('carillon_watch_events_total', 'Events read from watches.', ['kind']),
    listed: counter('carillon_listed_objects_total', 'Objects read by lists.', ['kind']),
    relists: counter('carillon_relists_total', 'Lists that had to be made anew, by reason.', ['kind', 'reason']),
    watchFailures: counter('carillon_watch_failures_total', 'Lists and watches that failed, by reason.', [
      'kind',
      'reason',
    ]),
    archived: counter(
      'carillon_archived_objects_total',
      'Objects told of by the archive that came to their end unseen.',
      ['kind'],
    ),
    archiveFailures: counter('carillon_archive_failures_total', 'Requests to the archive that failed, by reason.', [
      'kind',
      'reason',
    ]),
    matched: counter('carillon_matched_total', 'Milestones that a subscription took.', ['kind']),
    filterErrors: counter('carillon_filter_errors_total', 'Filters that failed at run time.', ['kind']),
    invalid: counter(
      'carillon_invalid_events_total',
      'Events that were not sent, as they would not be valid, by reason.',
      ['kind', 'reason'],
    ),
    poisoned: counter('carillon_poisoned_objects_total', 'Objects that could not be read, and were passed over.', [
      'kind',
    ]),
    delivered: counter('carillon_delivered_total', 'Deliveries that a sink took.', ['sink']),
    failed: counter('carillon_failed_attempts_total', 'Attempts that failed, by reason.', ['sink', 'reason']),
    deadLettered: counter('carillon_dead_letters_total', 'Deliveries given up.', ['sink', 'reason']),
    dropped: counter('carillon_dropped_total', 'Deliveries dropped, by reason.', ['reason']),
    deadLettersKept: gauge('carillon_dead_letters_kept', 'Dead letters that are kept.', ['sink']),
    deadLettersExpired: counter(
      'carillon_dead_letters_expired_total',
      'Dead letters that went because of their age, or for newer ones.',
      ['sink'],
    ),
    deadLettersPurged: counter('carillon_dead_letters_purged_total', 'Dead letters dropped by carillon purge.', []),
    pending: gauge('carillon_pending', 'Deliveries that wait.', ['sink']),
    oldestPending: gauge('carillon_oldest_pending_seconds', 'Age of the oldest delivery that waits.', ['sink']),
    owed: gauge('carillon_owed_objects', 'Objects whose events wait for room, to be taken up.', ['sink']),
    refused: gauge('carillon_quota_refused', 'Resources that are not served, as their namespace has too many.', [
      'kind',
    ]),
    throttled: gauge('carillon_throttled', 'Quotas that slow deliveries now: 1, or how many sinks they slow.', [
      'quota',
      'namespace',
    ]),
    storageState: gauge(
      'carillon_storage_state',
      'Whether the data directory takes what is written: 1 for what it is.',
      ['state'],
    ),
    storageDamaged: counter('carillon_storage_damaged_total', 'Damaged databases that were set aside.', []),
    proxyFailures: counter(
      'carillon_proxy_failures_total',
      "Connections that the administrator's proxy gave no way through, by its answer.",
      ['answer'],
    ),
    configGood: gauge('carillon_config_last_reload_successful', 'Whether carillon-config was taken as it is now.', []),
    configReloads: counter('carillon_config_reloads_total', 'Changes of carillon-config, by what became of them.', [
      'result',
    ]),
    configRestartNeeded: gauge(
      'carillon_config_restart_needed',
      'Whether carillon-config holds changes that only count from the next start on.',
      [],
    ),
    loopFailures: counter('carillon_loop_failures_total', 'Loops that failed unexpectedly and were started again.', [
      'loop',
    ]),
    reviews: counter('carillon_reviews_total', 'Sinks and subscriptions that the API server asked about, by answer.', [
      'result',
    ]),
    statusWrites: counter('carillon_status_writes_total', 'Writes of status.', ['result']),
    contested: counter('carillon_contested_statuses_total', 'Statuses that another install wrote over.', ['kind']),
    attemptSeconds: new Histogram({
      name: 'carillon_attempt_duration_seconds',
      help: 'How long attempts took.',
      labelNames: ['sink'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
      registers,
    }),
  }
}

/** Drops what is told of a sink that is gone. */
export async function forgetSink(metrics: Metrics, sink: string): Promise<void> {
  metrics.delivered.remove({ sink })
  metrics.attemptSeconds.remove({ sink })
  metrics.deadLettersExpired.remove({ sink })
  for (const counter of [metrics.failed, metrics.deadLettered]) {
    const { values } = await counter.get()
    for (const { labels } of values) if (labels.sink === sink) counter.remove(labels)
  }
}
