import type { KubeObject } from '../api/object.ts'
import { type Condition, conditionOf } from './conditions.ts'
import { begun, type Failing, type Incident, openAfter, recovered, shortHash, word } from './flux-incidents.ts'
import { type Fields, fields, fieldTime, lastWrite, time } from './read.ts'
import { resourceSource } from './resource-source.ts'
import type { DetailKind, Milestone, MilestoneKind, Projection, Source } from './source.ts'

/** An object of Flux, taken apart. */
export type FluxParts = {
  metadata: Fields
  spec: Fields
  status: Fields
  ready: Condition | undefined
  /** The derived milestones. */
  told: readonly Milestone[]
  /** Failures that `told` has, and that are not over. */
  open: readonly Incident[]
  /** The failure that only conditions tell of. */
  failing: Failing | undefined
}

/** A kind of Flux: what all of them have in common is read here. */
export type FluxKind = Pick<Source, 'kind' | 'group' | 'version' | 'plural'> & {
  versions?: readonly string[]
  rows: readonly MilestoneKind[]
  /** What its deletion tells besides: facts that only the last state has. */
  deletionDetails?: Readonly<Record<string, DetailKind>>
  parting?(parts: FluxParts): Record<string, string | boolean>
  read(parts: FluxParts): Pick<FluxParts, 'told' | 'open' | 'failing'>
  /** What is kept, and what changed against it, besides what all kinds have. */
  signs?(parts: FluxParts, previous: Projection | undefined): Projection
  changes?(previous: Projection, parts: FluxParts): Milestone[]
}

export const ranks = { suspended: 70, resumed: 71, failed: 80, recovered: 85 } as const

export function fluxSource(flux: FluxKind): Source {
  const { kind, group, version, versions, plural, rows, deletionDetails } = flux
  const known = new WeakMap<KubeObject, FluxParts>()
  const takeApart = (object: KubeObject): FluxParts => {
    const parts = known.get(object) ?? apart(flux, object)
    known.set(object, parts)
    return parts
  }
  const base = resourceSource<FluxParts>({
    kind,
    family: 'flux',
    group,
    version,
    ...(versions && { versions }),
    plural,
    rows: [...rows, ...stateRows],
    defaults: ['deleted'],
    takeApart,
    milestones: ({ told }) => told,
    project: (parts, previous) => projectionOf(flux, parts, previous),
    transitions: (previous, parts) => (previous === undefined ? [] : changesOf(flux, previous, parts)),
    identity: { annotations: [environmentAnnotation], spec: ['targetNamespace', 'releaseName', 'suspend', 'prune'] },
  })
  const parting = (object: KubeObject) => flux.parting?.(takeApart(object)) ?? {}
  return {
    ...base,
    catalogue: base.catalogue.map((row) =>
      row.name === 'deleted' && deletionDetails ? { ...row, details: { ...row.details, ...deletionDetails } } : row,
    ),
    deletion(object, gone) {
      const milestone = base.deletion(object, gone)
      // Of remains, whose status is what it was parted with.
      const facts = gone.missed ? fields(fields(object.status).parting) : parting(object)
      const details = { ...milestone?.details, ...partsOf(deletionDetails ?? {}, facts) }
      return milestone && (Object.keys(details).length > 0 ? { ...milestone, details } : milestone)
    },
    remains(object) {
      const kept = base.remains(object)
      const facts = parting(object)
      return kept && Object.keys(facts).length > 0 ? { ...kept, status: { parting: facts } } : kept
    },
  }
}

/** Says which environment the events of an object are of (docs/flux.md); Flux copies it into its own events too. */
export const environmentAnnotation = 'event.toolkit.fluxcd.io/env'

function apart(flux: FluxKind, object: KubeObject): FluxParts {
  const status = fields(object.status)
  const bare: FluxParts = {
    metadata: fields(object.metadata),
    spec: fields(object.spec),
    status,
    ready: conditionOf(status, 'Ready'),
    told: [],
    open: [],
    failing: undefined,
  }
  return { ...bare, ...flux.read(bare) }
}

const isReady = ({ ready }: FluxParts): boolean => ready?.status === 'True'

function projectionOf(flux: FluxKind, parts: FluxParts, previous: Projection | undefined): Projection {
  const open = openAfter(previous, isReady(parts), [...parts.open, ...(parts.failing ? [parts.failing] : [])])
  return {
    suspended: parts.spec.suspend === true,
    ...(open && { open }),
    ...flux.signs?.(parts, previous),
  }
}

function changesOf(flux: FluxKind, previous: Projection, parts: FluxParts): Milestone[] {
  const at = parts.ready?.changed ?? writtenAt(parts)
  return [
    ...suspension(previous, parts),
    ...begun(previous, parts.failing),
    ...(at === undefined ? [] : recovered(previous, isReady(parts), at, ranks.recovered)),
    ...(flux.changes?.(previous, parts) ?? []),
  ]
}

/** When it was written last, or created (ms): the latest that what it shows can have happened. */
export const writtenAt = ({ metadata }: Pick<FluxParts, 'metadata'>): number | undefined =>
  lastWrite(metadata) ?? time(metadata.creationTimestamp)

function suspension(previous: Projection, parts: FluxParts): Milestone[] {
  const { metadata, spec } = parts
  const isSuspended = spec.suspend === true
  const at = fieldTime(metadata, ['spec', 'suspend']) ?? writtenAt(parts)
  // A record may have been made by somebody who was not to tell what is so already: of that nothing is known.
  if (at === undefined || typeof previous.suspended !== 'boolean' || previous.suspended === isSuspended) return []
  const name = isSuspended ? 'suspended' : 'resumed'
  return [{ name, key: `${name}/${generationOf(metadata.generation)}`, class: 'observed', time: at, rank: ranks[name] }]
}

const generationOf = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0

/** Not failures: the object waits for another, or was asked to begin again. */
const waiting: ReadonlySet<string> = new Set([
  'DependencyNotReady',
  'HealthCheckCanceled',
  'SourceNotReady',
  'Progressing',
])

/**
 * The failure that Ready tells of, for the names that `nameFor` gives; undefined where there is none. It is the same one for as long as
 * generation, reason and what `besides` says are the same: retries turn Ready to Unknown and back, with other messages and times.
 */
export function failingOf(
  parts: Omit<FluxParts, 'told' | 'open' | 'failing'>,
  nameFor: (reason: string) => string | undefined,
  besides?: string,
): Failing | undefined {
  const { ready, metadata } = parts
  if (ready?.status !== 'False') return undefined
  const reason = ready.reason ?? 'Unknown'
  const name = waiting.has(reason) ? undefined : nameFor(reason)
  const at = ready.changed ?? lastWrite(metadata) ?? time(metadata.creationTimestamp)
  if (name === undefined || at === undefined) return undefined
  const seen = generationOf(observedGenerationOf(parts.status) ?? metadata.generation)
  const incident = [`g${seen}`, word(reason), ...(besides === undefined ? [] : [shortHash(besides)])].join('-')
  return { name, incident, key: `${name}/${incident}/${at}`, at, rank: ranks.failed, condition: ready }
}

/** Of which generation Ready speaks: status.observedGeneration stays behind while the controller retries. */
function observedGenerationOf(status: Fields): unknown {
  const conditions = Array.isArray(status.conditions) ? status.conditions : []
  return conditions.map(fields).find(({ type }) => type === 'Ready')?.observedGeneration
}

const partsOf = (rows: Readonly<Record<string, DetailKind>>, facts: Fields): Record<string, string | boolean> =>
  Object.fromEntries(
    Object.keys(rows).flatMap((name) => {
      const value = facts[name]
      return typeof value === 'string' || typeof value === 'boolean' ? [[name, value]] : []
    }),
  )

/** In the catalogue of every kind. */
const stateRows: readonly MilestoneKind[] = [
  {
    name: 'suspended',
    class: 'observed',
    default: false,
    key: 'suspended/<generation>',
    time: 'the last write of spec.suspend by metadata.managedFields, else of the object',
    when: 'spec.suspend became true',
  },
  {
    name: 'resumed',
    class: 'observed',
    default: false,
    key: 'resumed/<generation>',
    time: 'the last write of spec.suspend by metadata.managedFields, else of the object',
    when: 'spec.suspend is true no more',
  },
  {
    name: 'recovered',
    class: 'observed',
    default: true,
    key: 'recovered/<incident>/<lastTransitionTime of the condition Ready in ms>',
    time: 'lastTransitionTime of the condition Ready',
    when: 'the condition Ready is True again after a failure; one for each incident that was open',
    details: {
      incident: { type: 'string', about: 'the incident, as the failure named it', always: true },
      failure: { type: 'string', about: 'key of the milestone that told of the failure', always: true },
    },
  },
]

/** The details of every failure. */
export const incidentDetail = {
  incident: {
    type: 'string',
    about: 'names the failure in its object: the same until it is over, and in the recovery',
    always: true,
  },
} as const satisfies Record<string, DetailKind>
