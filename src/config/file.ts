import { parse } from 'yaml'
import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'
import type { Flag } from '../cli/flag.ts'
import { type FlagName, runFlags } from '../cli/run-flags.ts'
import { type Settings, withoutCredentials } from './given.ts'

/** Keys of config.yaml, such as `egress.allowCidrs`, and the flag that each stands for. */
const flagsByKey: ReadonlyMap<string, Flag> = new Map(
  (runFlags as readonly Flag[]).flatMap((flag) => (flag.key === undefined ? [] : [[flag.key, flag]])),
)

/** Reads `config.yaml` of ConfigMap carillon-config. Unknown keys are refused: a typo must not switch off a setting in silence. */
export function readConfigFile(text: string): Verdict<Settings> {
  let document: unknown
  try {
    document = parse(text)
  } catch (error) {
    return refused(`ConfigMap carillon-config, config.yaml: ${(error as Error).message.split('\n')[0]}`)
  }
  const settings: Settings = {}
  const wrong = readGroup('', document, settings)
  return wrong ?? accept(settings)
}

const refused = (message: string): Refusal => refuse('ConfigInvalid', withoutCredentials(message))

/** Puts what is under `prefix` into `settings`; `prefix` is empty for the whole, else it ends in a dot. */
function readGroup(prefix: string, value: unknown, settings: Settings): Refusal | undefined {
  const names = namesUnder(prefix)
  if (value === null || value === undefined) return undefined
  if (typeof value !== 'object' || Array.isArray(value)) {
    const what = prefix === '' ? 'ConfigMap carillon-config, config.yaml' : `carillon-config: ${prefix.slice(0, -1)}`
    return refused(`${what} must be a mapping with ${names.join(', ')}`)
  }
  for (const [name, entry] of Object.entries(value)) {
    const key = `${prefix}${name}`
    const flag = flagsByKey.get(key)
    if (!flag && !names.includes(name)) {
      const allowed = names.map((one) => `${prefix}${one}`)
      const are = allowed.length === 1 ? 'is' : 'are'
      return refused(`carillon-config: unknown key '${key}'; allowed ${are} ${allowed.join(', ')}`)
    }
    const wrong = flag ? readKey(key, flag, entry, settings) : readGroup(`${key}.`, entry, settings)
    if (wrong) return wrong
  }
  return undefined
}

function namesUnder(prefix: string): string[] {
  const under = [...flagsByKey.keys()].filter((key) => key.startsWith(prefix))
  return [...new Set(under.map((key) => key.slice(prefix.length).split('.')[0] ?? ''))]
}

/** Nothing, the empty string and the empty list leave the default. */
function readKey(key: string, flag: Flag, value: unknown, settings: Settings): Refusal | undefined {
  if (value === null || value === '') return undefined
  const values: unknown = flag.list ? value : [value]
  if (!Array.isArray(values) || !values.every((entry) => isTaken(flag, entry)))
    return refused(`carillon-config: ${key} must be ${wanted(flag)}`)
  if (values.length > 0) settings[flag.name as FlagName] = values.map(String)
  return undefined
}

function isTaken({ takes }: Flag, value: unknown): boolean {
  if (takes === 'boolean') return typeof value === 'boolean'
  return typeof value === 'string' || (takes === 'quantity' && typeof value === 'number')
}

function wanted({ takes, list }: Flag): string {
  if (takes === 'boolean') return 'true or false'
  if (takes === 'quantity') return list ? 'a list of numbers' : 'a quantity, such as 200000 or 1Gi'
  return list ? 'a list of strings' : 'a string'
}
