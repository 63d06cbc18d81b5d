import type { KubeObject } from '../../api/object.ts'
import { phaseIn, releasePhases } from '../../sources/konflux-release-phases.ts'
import { type Fields, fields, list, shortText, text } from '../../sources/read.ts'
import { digestText, imageReference, pageAddress } from './address.ts'
import { bounded, nameText } from './bounds.ts'

/** What status.artifacts, free JSON, tells of a released image: nothing but what looks like it. */
type ReleasedImage = {
  name?: string
  arches?: string[]
  oses?: string[]
  digest?: string
  /** Where it was published: references of images. */
  urls?: string[]
}

/** A phase of a release, and how far it has come: `Progressing`, `Succeeded`, `Failed` or `Skipped`. */
type Phase = { name: string; state: string; pipelineRun?: string }

/**
 * Of a Release its plan, target, phases, attempts and images. Not who is its author, nor data, collectors, role bindings, mitigations or
 * any other artifact: these may hold what is embargoed, internal, or somebody's name.
 */
export function releaseFacts({ spec, status }: KubeObject): Record<string, unknown> {
  const state = fields(status)
  const artifacts = fields(state.artifacts)
  const attempts = list(state.managedPipelineAttempts).length
  const images = bounded(artifacts.images, releasedImage)
  const shown = phasesOf(state)
  const advisory = pageAddress(fields(artifacts.advisory).url)
  return {
    plan: nameText(fields(spec).releasePlan),
    target: nameText(state.target),
    ...(typeof state.automated === 'boolean' && { automated: state.automated }),
    ...(attempts > 0 && { attempts }),
    ...(shown.length > 0 && { phases: shown }),
    ...(images.length > 0 && { images }),
    ...(advisory !== undefined && { advisory }),
  }
}

const states: ReadonlySet<string | undefined> = new Set(['Progressing', 'Succeeded', 'Failed', 'Skipped'])

/** `pipelineRun` is all that the tenant's own object tells of a run in the managed namespace. */
const phasesOf = (status: Fields): Phase[] =>
  releasePhases.flatMap((phase) => {
    const { condition, pipelineRun } = phaseIn(status, phase)
    const state = condition?.reason
    if (state === undefined || !states.has(state)) return []
    return [{ name: phase, state, ...(pipelineRun !== undefined && { pipelineRun }) }]
  })

function releasedImage(value: unknown): ReleasedImage | undefined {
  const { name, arches, oses, shasum, urls } = fields(value)
  const digest = digestText(shasum)
  const found: ReleasedImage = {
    ...(text(name) !== undefined && { name: shortText(name, 253) ?? '' }),
    ...some('arches', bounded(arches, platform, 16)),
    ...some('oses', bounded(oses, platform, 16)),
    ...(digest !== undefined && { digest }),
    ...some('urls', bounded(urls, imageReference, 16)),
  }
  return found.digest === undefined && found.urls === undefined ? undefined : found
}

const platforms = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$/
const platform = (value: unknown): string | undefined =>
  typeof value === 'string' && platforms.test(value) ? value : undefined

const some = <Item>(name: string, items: readonly Item[]): Record<string, readonly Item[]> =>
  items.length > 0 ? { [name]: items } : {}
