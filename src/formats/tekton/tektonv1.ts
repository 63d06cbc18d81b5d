import type { Format } from '../format.ts'
import { tektonFormat } from './format.ts'
import { toV1beta1 } from './v1beta1.ts'

/** What Tekton's events controller v1.12 sends: runs in v1beta1 shape. */
export const tektonv1: Format = tektonFormat('tektonv1', 'v1', toV1beta1)
