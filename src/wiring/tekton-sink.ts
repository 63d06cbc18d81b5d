import { pause } from '../kube/backoff.ts'
import { KubeError } from '../kube/errors.ts'
import { getObject } from '../kube/resources.ts'
import { sendsAsTekton, type TektonSink, tektonSinkMaps, tektonSinkOf } from '../operator/tekton-sink.ts'
import { now, type Parts } from './parts.ts'

/** How often it is looked whether some subscription wants to know, and how often Tekton's ConfigMaps are read for those that do. */
const lookMs = 500
const readMs = 30_000

const configMaps = { group: '', version: 'v1', plural: 'configmaps' }

/** Keeps an eye on Tekton's own sink while some subscription sends the same. What can't be read is logged once, and taken for unset. */
export async function watchTektonSink(
  { ground, state, writer, ofTekton }: Parts,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  let readAt = Number.NEGATIVE_INFINITY
  let failed = false
  const read = async (): Promise<TektonSink | undefined> => {
    const data = new Map<string, unknown>()
    for (const map of tektonSinkMaps)
      data.set(map, (await getObject(ground.client, configMaps, namespace, map, { signal }))?.data)
    return tektonSinkOf(namespace, (map) => data.get(map))
  }
  const look = async (): Promise<TektonSink | undefined> => {
    try {
      const sink = await read()
      failed = false
      return sink
    } catch (error) {
      if (!(error instanceof KubeError) || signal.aborted) throw error
      if (!failed)
        ground.log.warn({ namespace, err: error }, "Tekton's own sink can't be read, so nobody is warned of it")
      failed = true
      return undefined
    }
  }
  while (!signal.aborted) {
    const senders = [...state.subscriptions].filter(([, { emitter, object }]) => sendsAsTekton(emitter, object))
    if (senders.length === 0) {
      readAt = Number.NEGATIVE_INFINITY
      ofTekton.sink = undefined
    } else if (ofTekton.due || now() - readAt >= readMs) {
      ofTekton.due = false
      const before = JSON.stringify(ofTekton.sink)
      const first = readAt === Number.NEGATIVE_INFINITY
      ofTekton.sink = await look()
      readAt = now()
      if (first || before !== JSON.stringify(ofTekton.sink))
        for (const [key] of senders) writer.mark(`subscription ${key}`, 'conditions')
    }
    await pause(lookMs, signal)
  }
}
