import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { LocalCommand } from '../local-command.ts'
import type { Given } from '../parse-flags.ts'
import { explainFlags, type Output } from './flags.ts'

export const explain: LocalCommand = {
  brief: 'tell without a cluster what a subscription makes of an object',
  usage: '--subscription FILE --object FILE [flags]',
  about: `Tell without a cluster what an EventSubscription makes of an object: which of its milestones match, why or why not,
and the very requests that would be sent. It is the operator's own code that judges. Files are YAML or JSON, of one or
several documents, as 'kubectl get -o yaml' writes them too. EventSinks may stand in any of the files.`,
  flags: explainFlags,
  examples: [
    'explain --subscription builds.yaml --object run.yaml',
    'explain --subscription builds.yaml --object run.yaml --sink qe.yaml -o json',
    'explain --subscription audit.yaml --object run.yaml --admin-namespace platform --namespace-labels a=b',
  ],
  read(given) {
    const output = outputOf(given)
    if (!output.ok) return output
    for (const flag of ['subscription', 'object'])
      if (!given.values[flag]) return refuse('FlagInvalid', `--${flag} is needed; see 'carillon explain --help'`)
    // The schemas of the CRDs and all else of it are loaded here, so that the operator never holds them.
    return accept(async (around) => (await import('./explain-files.ts')).explainFiles(given, output.value, around))
  },
}

function outputOf({ values }: Given): Verdict<Output> {
  const form = values.output?.[0] ?? (values.json ? 'json' : 'text')
  if (values.output && values.json) return refuse('FlagInvalid', '--json stands for --output json: give one of them')
  return form === 'text' || form === 'json' || form === 'yaml'
    ? accept(form)
    : refuse('FlagInvalid', `--output must be one of text, json, yaml, not '${form}'`)
}
