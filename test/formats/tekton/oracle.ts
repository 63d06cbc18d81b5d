// What Tekton's own Go code (v1.12) makes of runs, and Kubernetes' of quantities.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { KubeObject } from '../../../src/api/object.ts'
import { staysHere } from '../../../src/formats/kept-annotations.ts'
import { ensureTool } from '../../controlplane/tools.ts'

/** An event as the events controller would send it, or why it would not. */
export type Told =
  | { type: string; source: string; subject: string; data: Record<string, KubeObject> }
  | { error: string }

/** What Tekton would send of each run as it is. */
export const tellTekton = (runs: readonly object[]): Promise<Told[]> => ask<Told>(runs)

/** Each text as resource.Quantity writes it; undefined for what is none. */
export async function canonicalInGo(quantities: readonly string[]): Promise<(string | undefined)[]> {
  const answers = await ask<{ quantity?: string }>(quantities.map((quantity) => ({ quantity })))
  return answers.map(({ quantity }) => quantity)
}

/** Fields of Go's structs by name: `[]` slice, `{}` map, then a struct's name or that of a type with its own way of writing. */
export type GoStructs = Record<string, Record<string, string>>

/** All that a TaskRun, a PipelineRun (v1) and a CustomRun may hold, as Tekton's own types say. */
export async function fieldsInGo(): Promise<GoStructs> {
  const [answer] = await ask<{ fields: GoStructs }>([{ fields: true }])
  return answer?.fields ?? {}
}

/**
 * Tekton's data without what never leaves the cluster by us: managedFields, last-applied-configuration, and annotations that name credentials.
 */
export function withoutWhatStays(data: Record<string, KubeObject>): Record<string, KubeObject> {
  const bare = (run: KubeObject): KubeObject => {
    const { managedFields: _, annotations = {}, ...metadata } = run.metadata
    const kept = Object.entries(annotations).filter(([name]) => !staysHere(name))
    return { ...run, metadata: { ...metadata, ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }) } }
  }
  return Object.fromEntries(Object.entries(data).map(([kind, run]) => [kind, bare(run)]))
}

async function ask<Answer>(questions: readonly object[]): Promise<Answer[]> {
  const child = spawn(await ensureTool('tekton-convert'), { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''))
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  const answers = output.split('\n').slice(0, -1)
  if (code !== 0 || answers.length !== questions.length)
    throw new Error(`tekton-convert ended with ${code} after ${answers.length} of ${questions.length} answers`)
  return answers.map((line) => JSON.parse(line) as Answer)
}
