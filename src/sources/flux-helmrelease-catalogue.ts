import { incidentDetail } from './flux-resource.ts'
import type { DetailKind, MilestoneKind } from './source.ts'

const release = {
  release: { type: 'string', about: 'name of the Helm release' },
  releaseNamespace: { type: 'string', about: 'namespace of the Helm release' },
  chart: { type: 'string', about: 'name of the chart' },
  chartVersion: {
    type: 'string',
    about: 'version of the chart; of one from an OCIRepository with the first digits of its digest after a +',
  },
  appVersion: { type: 'string', about: 'version of what the chart installs, as the chart says' },
  configDigest: { type: 'string', about: 'digest of the values' },
  ociDigest: { type: 'string', about: 'digest of the OCI artifact that the chart came from' },
} as const satisfies Record<string, DetailKind>

const version = { type: 'integer', about: 'number of the release as Helm counts: v1, v2, …' } as const

const stored = { version: { ...version, always: true }, ...release } as const

const newest =
  'a later release in status.history: helm-controller keeps no account there of how those before the newest came about'

const deployed = 'lastDeployed of the release in status.history: when Helm began it'

const keyOf = (name: string): string => `${name}/<version>/<lastDeployed in ms>`

const unstoredKey = (name: string): string =>
  `${keyOf(name)}; of an attempt that Helm stored nothing of ${name}/unstored/g<generation>-<chart version>-<digest>`

const good = (name: string, when: string): MilestoneKind => ({
  name,
  class: 'derived',
  default: true,
  key: keyOf(name),
  time: deployed,
  when,
  until: newest,
  details: stored,
})

const attempt = (name: string, action: string): MilestoneKind => ({
  name,
  class: 'derived',
  default: true,
  key: unstoredKey(name),
  time: `${deployed}; of an attempt that Helm stored nothing of, lastTransitionTime of the condition Ready as it is seen first: each retry moves it`,
  when: `an ${action} failed: each attempt that left a release in status.history, once; one that left none once for each generation, chart version and values, however often it is retried`,
  until: newest,
  reason: 'the condition Released',
  details: { version, ...release, ...incidentDetail },
})

const drift = (name: string, when: string): MilestoneKind => ({
  name,
  class: 'observed',
  default: name === 'drifted',
  key: `${name}/<lastTransitionTime in ms>`,
  time: 'lastTransitionTime of the condition Drifted',
  when,
})

/** Of a HelmRelease, besides what every kind of Flux has. */
export const helmReleaseRows: readonly MilestoneKind[] = [
  good('installed', 'the newest release of status.history was an install, and is deployed'),
  attempt('install-failed', 'install'),
  good('upgraded', 'the newest release of status.history was an upgrade, and is deployed; never by a condition alone'),
  attempt('upgrade-failed', 'upgrade'),
  {
    ...good('tests-passed', 'all test hooks of a release have the phase Succeeded; also where there are none to run'),
    key: 'tests-passed/<version>/<time in ms>',
    time: 'the last lastCompleted of its test hooks, else lastDeployed',
    outcome: true,
    details: { ...stored, tests: { type: 'integer', about: 'how many test hooks there are', always: true } },
  },
  {
    ...good(
      'tests-failed',
      'a test hook of a release has the phase Failed, whether or not the release is ready all the same',
    ),
    key: 'tests-failed/<version>/<time in ms>',
    time: 'the first lastCompleted of its failed test hooks, else lastDeployed',
    outcome: true,
    reason: 'the condition TestSuccess',
    details: { ...stored, tests: { type: 'integer', about: 'how many test hooks there are', always: true } },
  },
  good(
    'rolled-back',
    'the newest release of status.history was a rollback, and is deployed; details are of what runs now',
  ),
  {
    ...good('rollback-failed', 'the newest release of status.history was a rollback, and failed'),
    reason: 'the condition Remediated',
    details: { ...stored, ...incidentDetail },
  },
  {
    name: 'uninstalled',
    class: 'derived',
    default: true,
    key: 'uninstalled/<version>/<lastDeployed in ms>; other than as a remediation uninstalled/<lastTransitionTime in ms>',
    time: 'when Helm deleted it, else lastTransitionTime of the condition Released',
    when: 'Helm removed the release, and the object is there still: as the remediation of a failure, or as the spec names another release; the deletion of the object tells by its details whether the release went with it',
    until: 'the next release',
    details: {
      version,
      ...release,
      remediation: { type: 'boolean', about: 'whether it was the remediation of a failure', always: true },
    },
  },
  {
    name: 'uninstall-failed',
    class: 'derived',
    default: true,
    key: 'uninstall-failed/<remediation, deletion or change>/<version>/<lastDeployed in ms>',
    time: 'lastTransitionTime of the condition that says so',
    when: 'Helm could not remove the release; once, however often it is retried',
    until: 'the next release',
    reason: 'the condition Remediated, else Released',
    details: {
      version,
      ...release,
      remediation: { type: 'boolean', about: 'whether it was the remediation of a failure', always: true },
      ...incidentDetail,
    },
  },
  {
    ...drift('drifted', 'the condition Drifted became True: what runs is not what the release says'),
    reason: 'the condition Drifted',
  },
  drift('drift-corrected', 'the condition Drifted became False: by helm-controller, or by whoever made the drift'),
  {
    name: 'failed',
    class: 'observed',
    default: true,
    key: 'failed/g<generation>-<reason>/<lastTransitionTime in ms>',
    time: 'lastTransitionTime of the condition Ready',
    when: 'the condition Ready became False for another reason than a Helm action (ArtifactFailed, ValuesError, AccessDenied, …); once for each generation and reason until it is Ready again. Waiting for a source or a dependency is no failure',
    reason: 'the condition Ready',
    details: incidentDetail,
  },
]

const places: Readonly<Record<string, number>> = {
  installed: 10,
  'install-failed': 12,
  upgraded: 20,
  'upgrade-failed': 22,
  'tests-passed': 30,
  'tests-failed': 32,
  'rolled-back': 40,
  'rollback-failed': 42,
  uninstalled: 50,
  'uninstall-failed': 52,
  drifted: 60,
  'drift-corrected': 62,
}

export const releaseRank = (milestoneName: string): number => places[milestoneName] ?? 0
