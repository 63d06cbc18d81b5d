import type { EventSubscription } from '../api/generated.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { checkExtensions } from '../filters/extensions.ts'
import { isCustomName, nameOf } from '../formats/cdevents/vocabulary.ts'
import { defaultOptions, type FormatOptions, type UserEventsOptions } from '../formats/options.ts'
import type { AnnotationReader } from '../formats/user-events/annotation.ts'
import { compileData } from './data.ts'

type Spec = EventSubscription['spec']

/**
 * What a subscription asks of its formats, or what of it can't be had: that never becomes right by waiting. `read` is shared by all
 * subscriptions, so that what is remembered of declarations does not grow with their number.
 */
export function compileOptions(spec: Spec, read?: AnnotationReader): Verdict<FormatOptions> {
  const extensions = checkExtensions(spec.extensions ?? {})
  if (!extensions.ok) return extensions
  const data = compileData(spec)
  if (!data.ok) return data
  const userEvents = compileUserEvents(spec.userEvents, read)
  if (!userEvents.ok) return userEvents
  const { cdevents, flux, tekton } = defaultOptions
  return accept({
    extensions: spec.extensions ?? {},
    data: data.value,
    cdevents: {
      specVersion: spec.cdevents?.specVersion ?? cdevents.specVersion,
      profile: spec.cdevents?.profile ?? cdevents.profile,
      outcomes: spec.cdevents?.outcomes ?? cdevents.outcomes,
      userEvents: userEvents.value,
    },
    tekton: { mode: spec.tekton?.mode ?? tekton.mode, source: spec.tekton?.source ?? tekton.source },
    flux: { profile: spec.flux?.profile ?? flux.profile },
  })
}

/** What CDEvents has no event for could never pass. */
function compileUserEvents(
  spec: Spec['userEvents'],
  read: AnnotationReader | undefined,
): Verdict<UserEventsOptions | undefined> {
  if (!spec) return accept(undefined)
  const unknown = spec.types.find((type) => !isCustomName(type) && nameOf(type) === undefined)
  if (unknown !== undefined)
    return refuse(
      'UserEventsInvalid',
      `userEvents.types: CDEvents has no ${unknown}; carillon events list --declared has all that there are`,
    )
  return accept({ types: new Set(spec.types), only: spec.only ?? false, ...(read && { read }) })
}
