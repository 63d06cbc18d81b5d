import type { AdminClient } from '../../controlplane/admin.ts'
import type { OperatorProcess } from '../../operator/process.ts'
import type { Stage } from '../fixture.ts'

/** What is there once the tests begin; empty before. */
export type Scene = { stage: Stage; admin: AdminClient; operator: OperatorProcess }

/** Where the schemas are said to be served: what the operator is told, but for a slash. */
export const schemaBase = 'https://schemas.example.com/carillon'
