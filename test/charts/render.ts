import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { Manifest } from '../controlplane/admin.ts'

export const chart = fileURLToPath(new URL('../../charts/carillon', import.meta.url))

/** Runs Helm; never rejects. Helm's own files go to a folder that is removed again. */
export async function runHelm(helm: string, args: string[]): Promise<{ ok: boolean; stdout: string; stderr: string }> {
  const home = await mkdtemp(join(tmpdir(), 'carillon-helm-'))
  const env = { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home, KUBECONFIG: '' }
  const result = await new Promise<{ ok: boolean; stdout: string; stderr: string }>((resolve) =>
    execFile(helm, args, { env, maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
      resolve({ ok: !error, stdout, stderr }),
    ),
  )
  await rm(home, { recursive: true })
  return result
}

/** What `helm template` makes of the chart, as release carillon in carillon-system; rejects with Helm's words. */
export async function render(helm: string, ...args: string[]): Promise<Manifest[]> {
  const command = ['template', 'carillon', chart, '--namespace', 'carillon-system', '--include-crds', ...args]
  const { ok, stdout, stderr } = await runHelm(helm, command)
  if (!ok) throw new Error(stderr)
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest)
}

export function find(manifests: Manifest[], kind: string): Manifest {
  const [found, ...more] = manifests.filter((one) => one.kind === kind && !one.metadata.name.includes('-aggregate-to-'))
  if (!found || more.length > 0) throw new Error(`one ${kind} is expected, found ${found ? more.length + 1 : 0}`)
  return found
}
