import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import { fields } from '../../sources/read.ts'
import type { Document } from '../documents.ts'

/** A ConfigMap's `data`. */
export type Data = Readonly<Record<string, string>>

/** What Tekton is told of its CloudEvents, by ConfigMap; those that there are not are left out. */
export type TektonSettings = Partial<Record<TektonMap, Data>>

/** The ConfigMaps that say something of CloudEvents; pipelines-info has Tekton's version (config/ of tektoncd/pipeline). */
export const tektonMaps = ['config-events', 'config-defaults', 'feature-flags', 'pipelines-info'] as const

type TektonMap = (typeof tektonMaps)[number]

/** What is told by the ConfigMaps among some objects; others are passed over. */
export function settingsOf(documents: readonly Document[]): Verdict<TektonSettings> {
  const settings: TektonSettings = {}
  for (const { kind, object } of documents) {
    const name = tektonMaps.find((one) => one === fields(object.metadata).name)
    if (kind !== 'ConfigMap' || !name) continue
    if (settings[name]) return refuse('InputInvalid', `ConfigMap ${name} is given twice: leave one out`)
    const data = fields(object.data)
    const wrong = Object.keys(data).find((key) => typeof data[key] !== 'string')
    if (wrong !== undefined)
      return refuse('InputInvalid', `ConfigMap ${name}: the value of '${wrong}' is no text; put it into quotes`)
    settings[name] = data as Data
  }
  const some = tektonMaps.slice(0, 3)
  return some.some((name) => settings[name])
    ? accept(settings)
    : refuse('InputInvalid', `there is none of the ConfigMaps ${some.join(', ')} in what was given`)
}
