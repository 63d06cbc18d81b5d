import { identifiedAtTop } from '../bare.ts'
import type { Format } from '../format.ts'
import { tektonFormat } from './format.ts'

/** The events that tektoncd/pipeline#6839 asks for: as tektonv1, with runs as they are stored (v1; CustomRuns v1beta1). */
export const tektonv2: Format = tektonFormat('tektonv2', 'v2', identifiedAtTop)
