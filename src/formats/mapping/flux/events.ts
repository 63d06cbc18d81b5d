import { rowOf } from '../../../sources/event-of.ts'
import { text } from '../../../sources/read.ts'
import type { Milestone } from '../../../sources/source.ts'
import type { EncodeInput } from '../../format.ts'
import type { FluxOptions } from '../../options.ts'
import type { EventParts } from '../encode.ts'
import { outcomeOf } from '../outcomes.ts'
import { artifactOf } from './artifact.ts'
import { customName, environmentOf, pageOf, subjectId } from './subjects.ts'

/** An event before it is known what it follows. */
export type Told = Omit<EventParts, 'links'>

type Make = (input: EncodeInput) => Told

type Table = Readonly<Record<string, Make>>

const service =
  (predicate: 'deployed' | 'upgraded' | 'rolledback'): Make =>
  (input) => ({
    name: `service.${predicate}`,
    subject: {
      id: subjectId(input),
      content: { environment: { id: environmentOf(input).id }, artifactId: artifactOf(input) },
    },
  })

const removed: Make = (input) => ({
  name: 'service.removed',
  subject: { id: subjectId(input), content: { environment: { id: environmentOf(input).id } } },
})

/** Where the details are redacted, as the key has it. */
const incidentOf = ({ name, key, details }: Milestone): string => text(details?.incident) ?? key.split('/')[1] ?? name

/** The failure's message is in `description`; the same incident has the same id until it is resolved, whatever is tried meanwhile. */
const incident =
  (predicate: 'detected' | 'resolved'): Make =>
  (input) => {
    const { milestone, source } = input
    const { reason, message } = milestone
    const description = [reason, message].filter(Boolean).join(': ')
    return {
      name: `incident.${predicate}`,
      subject: {
        id: subjectId(input, incidentOf(milestone)),
        content: {
          environment: { id: environmentOf(input).id },
          ...(description !== '' && { description }),
          ...(source.kind === 'HelmRelease' && { service: { id: subjectId(input) } }),
          artifactId: artifactOf(input),
        },
      },
    }
  }

const modified: Make = (input) => {
  const { id, name } = environmentOf(input)
  return { name: 'environment.modified', subject: { id, content: { name, ...pageOf(input) } } }
}

const tested: Make = (input) => {
  const { milestone, options } = input
  const { outcome = 'error', errors } = outcomeOf(milestone, options.cdevents.outcomes)
  const release = text(milestone.details?.release) ?? input.object.metadata.name
  return {
    name: 'testcaserun.finished',
    subject: {
      id: subjectId(input, 'test', String(milestone.details?.version ?? '')),
      content: {
        environment: { id: environmentOf(input).id },
        outcome,
        ...(outcome === 'failure' || outcome === 'error' ? { severity: 'high' } : {}),
        ...(errors !== undefined && { reason: errors }),
        testCase: { id: release, name: `helm test ${release}`, type: 'integration' },
      },
    },
  }
}

/** An action of Helm as a run of a task: the RFC's first table. */
const ran =
  (action: 'upgrade' | 'rollback', outcome: 'success' | 'failure'): Make =>
  (input) => {
    const { milestone } = input
    const errors = [milestone.reason, milestone.message].filter(Boolean).join(': ')
    return {
      name: 'taskrun.finished',
      subject: {
        id: subjectId(input, action, milestone.key.split('/').slice(1).join('-')),
        content: {
          taskName: `helm ${action}`,
          ...pageOf(input),
          outcome,
          ...(outcome === 'failure' && errors !== '' && { errors }),
        },
      },
    }
  }

/** A deletion that took the release with it; of others nobody knows more than that the object is gone. */
const whereGone =
  (make: Make): Make =>
  (input) =>
    input.milestone.details?.uninstalled === true ? make(input) : custom(input)

/** The RFC's last revision (flux2#4828), what it leaves out of failures and recoveries, and Kustomizations. */
const helmRelease: Table = {
  installed: service('deployed'),
  'install-failed': incident('detected'),
  upgraded: service('upgraded'),
  'upgrade-failed': incident('detected'),
  'tests-passed': tested,
  'tests-failed': tested,
  'rolled-back': service('rolledback'),
  'rollback-failed': incident('detected'),
  uninstalled: removed,
  'uninstall-failed': incident('detected'),
  deleted: whereGone(removed),
  failed: incident('detected'),
  recovered: incident('resolved'),
}

const kustomization: Table = {
  applied: modified,
  reverted: modified,
  'health-failed': incident('detected'),
  failed: incident('detected'),
  recovered: incident('resolved'),
}

/**
 * By subscription's `flux.profile`. `rfc`: the RFC's first table, row by row: InstallSucceeded, InstallFailed, UpgradeSucceeded, UpgradeFailed,
 * TestSucceeded, TestFailed, RollbackSucceeded, RollbackFailed, UninstallSucceeded, UninstallFailed; ReconciliationFailed is `failed`, and
 * ReconciliationSucceeded, which said so at every interval, what changed something: `recovered`, and what a Kustomization applied.
 */
const profiles: Readonly<Record<FluxOptions['profile'], Readonly<Record<string, Table>>>> = {
  service: { HelmRelease: helmRelease, Kustomization: kustomization },
  rfc: {
    HelmRelease: {
      ...helmRelease,
      installed: modified,
      upgraded: ran('upgrade', 'success'),
      'upgrade-failed': ran('upgrade', 'failure'),
      'rolled-back': ran('rollback', 'success'),
      'rollback-failed': ran('rollback', 'failure'),
      uninstalled: modified,
      deleted: whereGone(modified),
      recovered: modified,
    },
    Kustomization: { ...kustomization, recovered: modified },
  },
}

/** What a milestone becomes: always one event, of the vocabulary where that has one. */
export function toldBy(input: EncodeInput): Told {
  const { source, milestone, options } = input
  const table = profiles[options.flux.profile][source.kind] ?? {}
  const make = Object.hasOwn(table, milestone.name) ? table[milestone.name] : undefined
  return make ? make(input) : custom(input)
}

/** Who and where, then what the milestone itself tells. */
function custom(input: EncodeInput): Told {
  const { source, milestone, options } = input
  const { reason, message, details } = milestone
  const { outcome } = outcomeOf(milestone, options.cdevents.outcomes)
  return {
    name: customName(source.kind, milestone.name),
    subject: {
      id: subjectId(input),
      content: {
        ...pageOf(input),
        ...(outcome !== undefined && rowOf(source, milestone.name)?.outcome && { outcome }),
        ...(reason !== undefined && { reason }),
        ...(message !== undefined && { message }),
        ...details,
      },
    },
  }
}
