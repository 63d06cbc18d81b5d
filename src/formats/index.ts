import { cloudevents } from './cloudevents.ts'
import type { Format, FormatName } from './format.ts'
import { cdevents } from './mapping/format.ts'
import { tektonv1 } from './tekton/tektonv1.ts'
import { tektonv2 } from './tekton/tektonv2.ts'

/** Every wire format, by the name that `spec.formats` knows it under. */
export const formats: Readonly<Record<FormatName, Format>> = {
  cloudevents,
  cdevents,
  tektonv1,
  tektonv2,
}
