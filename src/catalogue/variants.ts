import type { Format, FormatName } from '../formats/format.ts'
import { defaultOptions, type FormatOptions } from '../formats/options.ts'
import { eventOf } from '../sources/event-of.ts'
import type { Family, Source } from '../sources/source.ts'

/** A format, with the options that decide which events it has, and of which types. */
export type Variant = {
  /** As tables show it: the format, and the version of CDEvents or Tekton's mode. */
  name: string
  format: Format
  options: FormatOptions
  /** The same format without an option that brings further milestones: this variant stands for those alone. */
  beyond?: Variant
  /** The option is of one family's events alone: the variant stands for no others. */
  of?: Family
}

const specVersions = ['0.4.1', '0.5.1'] as const

/** Every format: CDEvents once for each version of the specification, and again for Flux's other profile, Tekton's own once more for what `tekton.mode: eachChange` adds. */
export const variantsOf = (formats: Readonly<Record<FormatName, Format>>): Variant[] =>
  Object.values(formats).flatMap((format): Variant[] => {
    switch (format.name) {
      case 'cdevents':
        return specVersions.flatMap((specVersion): Variant[] => {
          const options = { ...defaultOptions, cdevents: { ...defaultOptions.cdevents, specVersion } }
          const name = `${format.name} ${specVersion}`
          const rfc = { ...options, flux: { profile: 'rfc' as const } }
          return [
            { name, format, options },
            { name: `${name} flux rfc`, format, options: rfc, of: 'flux' },
          ]
        })
      case 'tektonv1':
      case 'tektonv2': {
        const once: Variant = { name: format.name, format, options: defaultOptions }
        const tekton = { ...defaultOptions.tekton, mode: 'eachChange' as const }
        return [
          once,
          { name: `${format.name} eachChange`, format, options: { ...defaultOptions, tekton }, beyond: once },
        ]
      }
      default:
        return [{ name: format.name, format, options: defaultOptions }]
    }
  })

/** Whether a variant has an event for a milestone that the variant which it goes beyond has none for. */
export const knows = ({ format, options, beyond, of }: Variant, source: Source, milestoneName: string): boolean =>
  format.knows(source, milestoneName, options) &&
  !(beyond && knows(beyond, source, milestoneName)) &&
  (of === undefined || eventOf(source, milestoneName).family === of)
