import type { KubeObject } from '../../src/api/object.ts'
import type { AdminClient } from './admin.ts'
import { versionOf } from './scenarios.ts'

type Kind = keyof typeof versionOf

export type Versions = AsyncDisposable & {
  /** Every version of each run, in order, by `Kind/name`. */
  runs: Map<string, KubeObject[]>
  until(predicate: (runs: Map<string, KubeObject[]>) => boolean, what: string): Promise<void>
}

/** Records by watches all that is written of a namespace's runs once this has resolved, until it is disposed of. */
export async function recordVersions(admin: AdminClient, namespace: string): Promise<Versions> {
  const stop = new AbortController()
  const runs = new Map<string, KubeObject[]>()
  const checks = new Set<() => void>()
  const startOf = async (kind: Kind) => {
    const path = await admin.path(versionOf[kind], kind, namespace)
    const { body } = await admin.request('GET', path)
    return { kind, from: `${path}?resourceVersion=${(body as KubeObject).metadata.resourceVersion}` }
  }
  const record = async ({ kind, from }: { kind: Kind; from: string }) => {
    for await (const { object } of admin.watch(from, stop.signal)) {
      const key = `${kind}/${object.metadata.name}`
      runs.set(key, [...(runs.get(key) ?? []), object])
      for (const check of checks) check()
    }
  }
  const recordings = Promise.all((await Promise.all((Object.keys(versionOf) as Kind[]).map(startOf))).map(record))
  return {
    runs,
    until: (predicate, what) =>
      new Promise((resolve, reject) => {
        const done = (finish: () => void) => {
          clearTimeout(timer)
          checks.delete(check)
          finish()
        }
        const check = () => predicate(runs) && done(resolve)
        const timer = setTimeout(() => done(() => reject(new Error(`waited 60 s in vain for ${what}`))), 60_000)
        checks.add(check)
        check()
      }),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await recordings
    },
  }
}
