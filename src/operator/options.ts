import type { EventSubscription } from '../api/generated.ts'
import { accept, type Verdict } from '../api/verdict.ts'
import { checkExtensions } from '../filters/extensions.ts'
import { defaultOptions, type FormatOptions, type UserEventsOptions } from '../formats/options.ts'
import { compileData } from './data.ts'

type Spec = EventSubscription['spec']

/** What a subscription asks of its formats, or what of it can't be had: that never becomes right by waiting. */
export function compileOptions(spec: Spec): Verdict<FormatOptions> {
  const extensions = checkExtensions(spec.extensions ?? {})
  if (!extensions.ok) return extensions
  const data = compileData(spec)
  if (!data.ok) return data
  const { cdevents, tekton } = defaultOptions
  return accept({
    extensions: spec.extensions ?? {},
    data: data.value,
    cdevents: {
      specVersion: spec.cdevents?.specVersion ?? cdevents.specVersion,
      profile: spec.cdevents?.profile ?? cdevents.profile,
      outcomes: spec.cdevents?.outcomes ?? cdevents.outcomes,
      userEvents: spec.userEvents && compileUserEvents(spec.userEvents),
    },
    tekton: { mode: spec.tekton?.mode ?? tekton.mode, source: spec.tekton?.source ?? tekton.source },
  })
}

const compileUserEvents = ({ types, only }: NonNullable<Spec['userEvents']>): UserEventsOptions => ({
  types: new Set(types),
  only: only ?? false,
})
