import type { KubeObject } from '../../src/api/object.ts'
import type { AdminClient } from './admin.ts'
import { stateOf, versionOf } from './scenarios.ts'

export type History = AsyncDisposable & {
  /** The states (`status/reason`, `none`) that each run showed, repeats left out, by `Kind/name`. */
  states: Map<string, string[]>
  /** The last that was seen of each run, by `Kind/name`. */
  runs: Map<string, KubeObject>
  /** Resolves once what was recorded is so; rejects after 30 s. */
  until(predicate: () => boolean, what: string): Promise<void>
}

/** Records by watches what states all runs of a namespace go through, until it is disposed of. */
export function recordHistory(admin: AdminClient, namespace: string): History {
  const stop = new AbortController()
  const states = new Map<string, string[]>()
  const runs = new Map<string, KubeObject>()
  const checks = new Set<() => void>()
  const record = async (kind: keyof typeof versionOf) => {
    const path = await admin.path(versionOf[kind], kind, namespace)
    for await (const { object } of admin.watch(path, stop.signal)) {
      const key = `${kind}/${object.metadata.name}`
      const seen = states.get(key) ?? []
      states.set(key, seen)
      runs.set(key, object)
      if (seen.at(-1) !== stateOf(object)) seen.push(stateOf(object))
      for (const check of checks) check()
    }
  }
  const recordings = Promise.all((['PipelineRun', 'TaskRun', 'CustomRun'] as const).map(record))
  return {
    states,
    runs,
    until: (predicate, what) =>
      new Promise((resolve, reject) => {
        const done = (finish: () => void) => {
          clearTimeout(timer)
          checks.delete(check)
          finish()
        }
        const check = () => predicate() && done(resolve)
        const timer = setTimeout(() => done(() => reject(new Error(`waited 30 s in vain for ${what}`))), 30_000)
        checks.add(check)
        check()
      }),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await recordings
    },
  }
}
