import { type Condition, conditionOf, whyOf } from './conditions.ts'
import { helmReleaseRows, releaseRank } from './flux-helmrelease-catalogue.ts'
import { type Incident, shortHash, word } from './flux-incidents.ts'
import { type HelmAction, type HelmSnapshot, type HelmTold, snapshotsOf, toldOf } from './flux-release-history.ts'
import { type FluxParts, failingOf, fluxSource, writtenAt } from './flux-resource.ts'
import { type Fields, shortText } from './read.ts'
import type { Milestone, Projection } from './source.ts'

/** Reasons that are Helm's actions: their milestones are read from the history. */
const actions: ReadonlySet<string> = new Set([
  'InstallFailed',
  'UpgradeFailed',
  'TestFailed',
  'RollbackSucceeded',
  'RollbackFailed',
  'UninstallSucceeded',
  'UninstallFailed',
])

const goodNames = { install: 'installed', upgrade: 'upgraded', rollback: 'rolled-back' } as const
const badNames = { install: 'install-failed', upgrade: 'upgrade-failed', rollback: 'rollback-failed' } as const

/** By status.history (helm-controller, docs/spec/v2/helmreleases.md): its conditions alone may claim an upgrade that never was. */
export const helmRelease = fluxSource({
  kind: 'HelmRelease',
  group: 'helm.toolkit.fluxcd.io',
  version: 'v2',
  versions: ['v2beta2'],
  plural: 'helmreleases',
  rows: helmReleaseRows,
  read(parts) {
    const view = viewOf(parts)
    const told = [...releases(view), ...tests(view), ...unstored(view), ...removals(view)]
    return {
      told,
      open: openOf(view, told),
      failing: failingOf(parts, (reason) => (actions.has(reason) ? undefined : 'failed')),
    }
  },
  signs: ({ status }) => ({ drifted: conditionOf(status, 'Drifted')?.status === 'True' }),
  changes: drift,
  deletionDetails: {
    uninstalled: {
      type: 'boolean',
      about:
        'whether helm-controller removed the release with it, as it does of what is neither suspended nor without one',
      always: true,
    },
  },
  parting({ metadata, spec, status }) {
    const reason = conditionOf(status, 'Released')?.reason
    // The history of one that keeps Helm's says so too, and then has nothing left that is there.
    const isGone = metadata.deletionTimestamp !== undefined && reason === 'UninstallSucceeded'
    const goesWithIt = spec.suspend !== true && snapshotsOf(status).some(isThere) && reason !== 'UninstallFailed'
    return { uninstalled: isGone || goesWithIt }
  },
})

type Bare = Omit<FluxParts, 'told' | 'open' | 'failing'>

type View = Bare & {
  history: readonly HelmSnapshot[]
  told: readonly HelmTold[]
  released: Condition | undefined
  remediated: Condition | undefined
  tested: Condition | undefined
}

function viewOf(parts: Bare): View {
  const { status } = parts
  const history = snapshotsOf(status)
  const released = conditionOf(status, 'Released')
  const remediated = conditionOf(status, 'Remediated')
  const told = toldOf(history, { released: released?.reason, isRemediated: remediated !== undefined })
  return { ...parts, history, told, released, remediated, tested: conditionOf(status, 'TestSuccess') }
}

const isThere = ({ status }: HelmSnapshot): boolean => status !== 'uninstalled' && status !== 'uninstalling'

const attempts: ReadonlyMap<string | undefined, 'install-failed' | 'upgrade-failed'> = new Map([
  ['InstallFailed', 'install-failed'],
  ['UpgradeFailed', 'upgrade-failed'],
])

/** What Helm calls one release of the many that an object has: its number, and when that was begun. */
const tail = ({ version, deployed }: HelmSnapshot): string => `${version}/${deployed}`

function releases(view: View): Milestone[] {
  return view.told.map(({ snapshot, action, isGood }) => {
    const name = isGood ? goodNames[action] : badNames[action]
    const condition = action === 'rollback' ? view.remediated : view.released
    return {
      ...derived(name, `${name}/${tail(snapshot)}`, snapshot.deployed),
      ...(!isGood && condition?.status === 'False' && whyOf(condition)),
      details: { ...detailsOf(snapshot), ...(!isGood && { incident: incidentOf(view, snapshot, action) }) },
    }
  })
}

/**
 * By the hooks alone: TestSuccess is written before them, and stays over a rollback. What failed before any hook had run shows nowhere
 * but there, and is tried again until one has.
 */
function tests(view: View): Milestone[] {
  return view.history.flatMap((snapshot, index) => {
    const { count, outcome, completed } = snapshot.tests ?? { count: 0, outcome: 'open', completed: undefined }
    if (outcome === 'open') return []
    const isFailed = outcome === 'failed'
    const name = isFailed ? 'tests-failed' : 'tests-passed'
    const verdict = index === 0 && isFailed && view.tested?.status === 'False' ? view.tested : undefined
    const at = completed ?? snapshot.deployed
    return [
      {
        ...derived(name, `${name}/${snapshot.version}/${at}`, at),
        outcome: isFailed ? ('failure' as const) : ('success' as const),
        ...whyOf(verdict),
        details: { ...detailsOf(snapshot), tests: count },
      },
    ]
  })
}

/**
 * An install or upgrade that failed before Helm had stored a release: no history tells of it, and only a count that is not one of a
 * release's tells it from one that does. Conditions are written before the rest of the status, so that for a moment they speak of a
 * release that the history does not have yet. Once for each desired state: retries of it are not told.
 */
function unstored(view: View): Milestone[] {
  const { status, released, remediated, ready, history, spec } = view
  const name = attempts.get(released?.reason)
  const isTold = released?.status === 'False' && ready?.status === 'False' && ready.reason === released.reason
  if (name === undefined || !isTold || remediated !== undefined || history[0]?.status === 'failed') return []
  const stored = count(status.installFailures) + count(status.upgradeFailures)
  // Released stays as it was where the next desired state fails with the same words; Ready moves with each attempt.
  const at = ready.changed ?? released.changed ?? writtenAt(view)
  if (count(status.failures) <= stored || at === undefined) return []
  const generation = count(status.lastAttemptedGeneration)
  return [
    {
      ...derived(name, `${name}/unstored/g${generation}-${desiredOf(status)}`, at),
      undated: true,
      ...whyOf(released),
      details: { ...attemptOf(spec, status), incident: desiredOf(status) },
    },
  ]
}

function removals(view: View): Milestone[] {
  const { history, released, remediated, metadata } = view
  const [newest] = history
  const isGoing = metadata.deletionTimestamp !== undefined
  const failed = (condition: Condition | undefined) =>
    condition?.status === 'False' && condition.reason === 'UninstallFailed' ? condition : undefined
  const found: Milestone[] = []
  // Helm keeps no account of what it has removed whole: helm-controller's last look at it says uninstalling.
  const isRemediated = remediated?.reason === 'UninstallSucceeded'
  const isRemoved = newest?.status === 'uninstalled' && released?.reason !== 'UninstallSucceeded'
  if (newest && !isThere(newest) && newest.action !== 'uninstall' && (isRemediated || isRemoved)) {
    const at = newest.removed ?? newest.deployed
    const details = { ...detailsOf(newest), remediation: true }
    found.push({ ...derived('uninstalled', `uninstalled/${tail(newest)}`, at), details })
  }
  // The deletion tells of it, whether or not anybody saw the last state.
  if (released?.reason === 'UninstallSucceeded' && released.changed !== undefined && !isGoing) {
    const { changed } = released
    found.push({ ...derived('uninstalled', `uninstalled/${changed}`, changed), details: { remediation: false } })
  }
  for (const condition of [failed(remediated), failed(released)]) {
    if (condition === undefined || newest === undefined || condition.changed === undefined) continue
    const isRemediation = condition === remediated
    const key = `uninstall-failed/${isRemediation ? 'remediation' : isGoing ? 'deletion' : 'change'}/${tail(newest)}`
    const details = { ...detailsOf(newest), remediation: isRemediation, incident: desiredOf(view.status) }
    found.push({ ...derived('uninstall-failed', key, condition.changed), ...whyOf(condition), details })
  }
  return found
}

/** Those failures that the object is in: Ready says so, and all of the history that is of the present attempt. */
function openOf({ ready }: View, told: readonly Milestone[]): Incident[] {
  if (ready?.status !== 'False' || !actions.has(ready.reason ?? '')) return []
  const newest = told.reduce((latest, { details }) => Math.max(latest, count(details?.version)), 0)
  return told.flatMap(({ key, details }) => {
    const incident = details?.incident
    const version = count(details?.version)
    const isPresent = version === 0 || version >= newest - 1
    return typeof incident === 'string' && isPresent ? [{ incident, key }] : []
  })
}

/**
 * One for each desired state, which is a chart's version and its values: attempts, remediations and retries of it are of one incident. A
 * rollback that fails has the chart of before: what was wanted is the release that it was to take back.
 */
function incidentOf({ history, status }: View, snapshot: HelmSnapshot, action: HelmAction): string {
  if (action !== 'rollback') return desired(snapshot.chartVersion, snapshot.configDigest)
  const taken = history.find(({ version }) => version === snapshot.version - 1)
  return taken ? desired(taken.chartVersion, taken.configDigest) : desiredOf(status)
}

const desiredOf = (status: Fields): string =>
  desired(shortText(status.lastAttemptedRevision, 253), shortText(status.lastAttemptedConfigDigest, 160))

const desired = (version: string | undefined, config: string | undefined): string =>
  `${word(version ?? 'unknown')}-${shortHash(version, config)}`

const detailsOf = (snapshot: HelmSnapshot): Record<string, string | number> => {
  const { version, name, namespace, chart, chartVersion, appVersion, configDigest, ociDigest } = snapshot
  return {
    version,
    ...(name && { release: name }),
    ...(namespace && { releaseNamespace: namespace }),
    ...(chart && { chart }),
    ...(chartVersion && { chartVersion }),
    ...(appVersion && { appVersion }),
    ...(configDigest && { configDigest }),
    ...(ociDigest && { ociDigest }),
  }
}

/** What can be said of an attempt that Helm stored nothing of. */
const attemptOf = (spec: Fields, status: Fields): Record<string, string> => {
  const named = {
    release: shortText(spec.releaseName, 253),
    releaseNamespace: shortText(spec.targetNamespace, 253),
    chartVersion: shortText(status.lastAttemptedRevision, 253),
    configDigest: shortText(status.lastAttemptedConfigDigest, 160),
    ociDigest: shortText(status.lastAttemptedRevisionDigest, 160),
  }
  return Object.fromEntries(Object.entries(named).flatMap(([name, value]) => (value ? [[name, value]] : [])))
}

/** Drift is looked for at each interval: told when it is found first, and when it is found no more. */
function drift(previous: Projection, { status }: FluxParts): Milestone[] {
  const condition = conditionOf(status, 'Drifted')
  const name = condition?.status === 'True' ? 'drifted' : 'drift-corrected'
  if (condition?.changed === undefined || condition.status === 'Unknown') return []
  if ((previous.drifted === true) === (name === 'drifted')) return []
  const at = condition.changed
  return [{ ...derived(name, `${name}/${at}`, at), class: 'observed', ...(name === 'drifted' && whyOf(condition)) }]
}

const derived = (name: string, key: string, at: number): Milestone => ({
  name,
  key,
  class: 'derived',
  time: at,
  rank: releaseRank(name),
})

const count = (value: unknown): number => (typeof value === 'number' && Number.isSafeInteger(value) ? value : 0)
