import type { Format, FormatName } from '../formats/format.ts'
import { defaultOptions, type FormatOptions } from '../formats/options.ts'

/** A format, with the options that decide which types its events have. */
export type Variant = {
  /** As tables show it: the format, and the version of CDEvents. */
  name: string
  format: Format
  options: FormatOptions
}

const specVersions = ['0.4.1', '0.5.1'] as const

/** Every format once, CDEvents once for each version of the specification. */
export function variantsOf(formats: Readonly<Record<FormatName, Format>>): Variant[] {
  return Object.values(formats).flatMap((format): Variant[] => {
    if (format.name !== 'cdevents') return [{ name: format.name, format, options: defaultOptions }]
    return specVersions.map((specVersion) => ({
      name: `${format.name} ${specVersion}`,
      format,
      options: { ...defaultOptions, cdevents: { ...defaultOptions.cdevents, specVersion } },
    }))
  })
}
