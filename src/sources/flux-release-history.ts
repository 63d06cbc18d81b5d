import { type Fields, fields, list, shortText, time } from './read.ts'

/** One Helm release of a HelmRelease, as `status.history` keeps it. Times are in ms. */
export type HelmSnapshot = {
  /** The number that Helm counts: v1, v2, … of a release's name; begins anew after an uninstall. */
  version: number
  /** The release's name and namespace. */
  name: string | undefined
  namespace: string | undefined
  chart: string | undefined
  chartVersion: string | undefined
  appVersion: string | undefined
  configDigest: string | undefined
  ociDigest: string | undefined
  status: string
  action: string | undefined
  /** When this very version was begun: with the version it tells it from any other of the object. */
  deployed: number
  isFirst: boolean
  removed: number | undefined
  tests: HelmTests | undefined
}

/** What its test hooks came to; `completed` is when they passed, or the first of them failed. */
export type HelmTests = { count: number; outcome: 'passed' | 'failed' | 'open'; completed: number | undefined }

/** helm-controller keeps five, but for what failed in a row before that. */
const limit = 16

/** Newest first, each version once; entries without a version or a time are none. */
export function snapshotsOf(status: Fields): readonly HelmSnapshot[] {
  const found = list(status.history)
    .slice(0, limit)
    .flatMap((entry) => snapshotOf(fields(entry)) ?? [])
  return found
    .filter(({ version }, index) => found.findIndex((other) => other.version === version) === index)
    .sort((a, b) => b.version - a.version)
}

function snapshotOf(entry: Fields): HelmSnapshot | undefined {
  const { version } = entry
  const deployed = time(entry.lastDeployed) ?? time(entry.firstDeployed)
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1 || deployed === undefined)
    return undefined
  return {
    version,
    name: shortText(entry.name, 253),
    namespace: shortText(entry.namespace, 253),
    chart: shortText(entry.chartName, 253),
    chartVersion: shortText(entry.chartVersion, 253),
    appVersion: shortText(entry.appVersion, 253),
    configDigest: shortText(entry.configDigest, 160),
    ociDigest: shortText(entry.ociDigest, 160),
    status: shortText(entry.status, 64) ?? '',
    action: shortText(entry.action, 64),
    deployed,
    isFirst: version === 1 || time(entry.firstDeployed) === deployed,
    removed: time(entry.deleted),
    tests: testsOf(entry.testHooks),
  }
}

/** Hooks run one after the other: those that follow one that failed never run. Undefined where none have been looked at. */
function testsOf(value: unknown): HelmTests | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const hooks = Object.values(fields(value)).slice(0, 64).map(fields)
  const count = hooks.length
  const ends = (phase: string) =>
    hooks.filter((hook) => hook.phase === phase).flatMap((hook) => time(hook.lastCompleted) ?? [])
  if (hooks.some(({ phase }) => phase === 'Failed')) {
    const failed = ends('Failed')
    return { count, outcome: 'failed', completed: failed.length > 0 ? Math.min(...failed) : undefined }
  }
  if (!hooks.every(({ phase }) => phase === 'Succeeded')) return { count, outcome: 'open', completed: undefined }
  const passed = ends('Succeeded')
  return { count, outcome: 'passed', completed: passed.length > 0 ? Math.max(...passed) : undefined }
}

/** What a release was to its chart: the last part of a milestone's story that its name does not tell. */
export type HelmAction = 'install' | 'upgrade' | 'rollback'

/** How a snapshot came about, and how it ended, as far as it can be told without a guess. */
export type HelmTold = { snapshot: HelmSnapshot; action: HelmAction; isGood: boolean }

/** What conditions say of the last release and of its remediation. */
export type HelmVerdicts = { released: string | undefined; isRemediated: boolean }

/**
 * What the history tells of releases. An entry's `action` is that of whoever touched it last: a rollback writes it into the releases
 * that it supersedes, an upgrade empties it there, and a failed install that a later upgrade mends is superseded too (helm-controller,
 * internal/reconcile). So of what is superseded nothing is told, but for the release that a rollback has just taken back.
 */
export function toldOf(history: readonly HelmSnapshot[], verdicts: HelmVerdicts): HelmTold[] {
  return history.flatMap((snapshot, index): HelmTold[] => {
    switch (snapshot.status) {
      case 'deployed':
        return [{ snapshot, action: actionOf(history, index), isGood: true }]
      case 'failed':
        return [{ snapshot, action: actionOf(history, index), isGood: false }]
      case 'uninstalled':
      case 'uninstalling':
        return index === 0 ? byVerdict(snapshot, verdicts) : []
      case 'superseded':
        if (snapshot.action === 'install' || snapshot.action === 'upgrade')
          return [{ snapshot, action: actionOf(history, index), isGood: true }]
        return index === 1 && verdicts.isRemediated && isRollback(history) ? byVerdict(snapshot, verdicts) : []
      default:
        return []
    }
  })
}

const isRollback = (history: readonly HelmSnapshot[]): boolean => actionOf(history, 0) === 'rollback'

/** The condition Released stays as the last install or upgrade left it, whatever is done to that release afterwards. */
function byVerdict(snapshot: HelmSnapshot, { released }: HelmVerdicts): HelmTold[] {
  switch (released) {
    case 'InstallSucceeded':
      return [{ snapshot, action: 'install', isGood: true }]
    case 'InstallFailed':
      return [{ snapshot, action: 'install', isGood: false }]
    case 'UpgradeSucceeded':
      return [{ snapshot, action: 'upgrade', isGood: true }]
    case 'UpgradeFailed':
      return [{ snapshot, action: 'upgrade', isGood: false }]
    default:
      return []
  }
}

/** Older helm-controllers write no action: what follows on a failure and is again what it was before is a rollback. */
function actionOf(history: readonly HelmSnapshot[], index: number): HelmAction {
  const [snapshot, before] = [history[index], history[index + 1]]
  if (snapshot === undefined) return 'upgrade'
  const { action, isFirst } = snapshot
  if (action === 'upgrade' || action === 'rollback') return action
  if (isFirst) return 'install'
  if (before === undefined || !isBad(before)) return 'upgrade'
  const isBack = history.slice(index + 2).some((earlier) => !isBad(earlier) && isSame(earlier, snapshot))
  return isBack ? 'rollback' : 'upgrade'
}

const isBad = ({ status, tests }: HelmSnapshot): boolean => status === 'failed' || tests?.outcome === 'failed'

const isSame = (one: HelmSnapshot, other: HelmSnapshot): boolean =>
  one.chart === other.chart && one.chartVersion === other.chartVersion && one.configDigest === other.configDigest
