import type { KubeObject } from '../../../src/api/object.ts'
import type { AdminClient } from '../../controlplane/admin.ts'
import type { Artifacts } from '../../controlplane/artifacts.ts'
import type { RunningController } from '../../controlplane/flux.ts'
import type { OperatorProcess } from '../../operator/process.ts'
import { patienceMs, type Stage } from '../fixture.ts'

/** What is there once the tests begin; empty before. */
export type Scene = {
  stage: Stage
  admin: AdminClient
  artifacts: Artifacts
  helm: RunningController
  kustomize: RunningController
  operator: OperatorProcess
}

export type FluxCondition = { type: string; status: string; reason: string; message: string }

export const conditionOf = (object: KubeObject, type: string): FluxCondition | undefined =>
  ((object.status?.conditions ?? []) as FluxCondition[]).find((one) => one.type === type)

export type States = AsyncDisposable & {
  /** Every state of the object that a watch told, its last one at its deletion too. */
  seen: KubeObject[]
  /** The first state, of those seen since the call before, that is so; rejects after a minute with the last one. */
  until(what: string, predicate: (object: KubeObject) => boolean): Promise<KubeObject>
  /** Resolves once the object is gone. */
  gone(): Promise<KubeObject>
}

/** Watches one object for as long as it is not disposed of. */
export function recordStates(admin: AdminClient, path: string): States {
  const stop = new AbortController()
  const seen: KubeObject[] = []
  let isGone = false
  let from = 0
  let wake = Promise.withResolvers<void>()
  const recording = (async () => {
    for await (const { type, object } of admin.watch(path, stop.signal)) {
      if (type === 'ERROR') throw new Error(`the watch of ${path} ended: ${JSON.stringify(object)}`)
      seen.push(object)
      isGone ||= type === 'DELETED'
      wake.resolve()
      wake = Promise.withResolvers()
    }
  })()
  // The server keeps a watch for half an hour at least.
  const ended = recording.then(() => Promise.reject(new Error(`the watch of ${path} ended`)))
  ended.catch(() => undefined)
  const until = async (what: string, found: () => number) => {
    const expired = Promise.withResolvers<void>()
    const timer = setTimeout(() => {
      const last = JSON.stringify(seen.at(-1)?.status ?? 'nothing')
      expired.reject(new Error(`waited ${patienceMs} ms in vain for ${path} ${what}; last seen: ${last}`))
    }, patienceMs)
    try {
      for (;;) {
        const next = wake.promise
        const index = found()
        if (index >= 0) {
          from = index
          return seen[index] as KubeObject
        }
        await Promise.race([next, expired.promise, ended])
      }
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    seen,
    until: (what, predicate) =>
      until(what, () => {
        const index = seen.slice(from).findIndex(predicate)
        return index < 0 ? -1 : from + index
      }),
    gone: () => until('to be gone', () => (isGone ? seen.length - 1 : -1)),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await recording
    },
  }
}
