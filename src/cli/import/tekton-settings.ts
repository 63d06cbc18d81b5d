import { isMap, parseAllDocuments } from 'yaml'
import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import { fields, list } from '../../sources/read.ts'

/** A ConfigMap's `data`. */
export type Data = Readonly<Record<string, string>>

/** What Tekton is told of its CloudEvents, by ConfigMap; those that there are not are left out. */
export type TektonSettings = Partial<Record<TektonMap, Data>>

/** The ConfigMaps that say something of CloudEvents; pipelines-info has Tekton's version (config/ of tektoncd/pipeline). */
export const tektonMaps = ['config-events', 'config-defaults', 'feature-flags', 'pipelines-info'] as const

type TektonMap = (typeof tektonMaps)[number]

/** The ConfigMaps of some YAML: documents, and the items of lists as kubectl writes them. Others are passed over. */
export function readSettings(texts: readonly { from: string; text: string }[]): Verdict<TektonSettings> {
  const settings: TektonSettings = {}
  for (const { from, text } of texts) {
    for (const document of parseAllDocuments(text)) {
      const [error] = document.errors
      if (error) return refuse('InputInvalid', `${from} is no YAML: ${error.message.split('\n')[0]?.replace(/:$/, '')}`)
      if (document.toJS() === null) continue
      if (!isMap(document.contents))
        return refuse('InputInvalid', `${from} holds something that is no Kubernetes object`)
      const taken = take(fields(document.toJS()), from, settings)
      if (!taken.ok) return taken
    }
  }
  const some = tektonMaps.slice(0, 3)
  return some.some((name) => settings[name])
    ? accept(settings)
    : refuse(
        'InputInvalid',
        `there is none of the ConfigMaps ${some.join(', ')} in ${texts.map(({ from }) => from).join(', ')}`,
      )
}

function take(object: Readonly<Record<string, unknown>>, from: string, settings: TektonSettings): Verdict {
  if (object.items !== undefined) {
    for (const item of list(object.items)) {
      const taken = take(fields(item), from, settings)
      if (!taken.ok) return taken
    }
    return accept(undefined)
  }
  const name = tektonMaps.find((one) => one === fields(object.metadata).name)
  if (object.kind !== 'ConfigMap' || !name) return accept(undefined)
  if (settings[name]) return refuse('InputInvalid', `ConfigMap ${name} is given twice: leave one out`)
  const data = fields(object.data)
  const wrong = Object.keys(data).find((key) => typeof data[key] !== 'string')
  if (wrong !== undefined)
    return refuse('InputInvalid', `ConfigMap ${name}: the value of '${wrong}' is no text; put it into quotes`)
  settings[name] = data as Data
  return accept(undefined)
}
