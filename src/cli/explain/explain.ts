import { stringify } from 'yaml'
import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { Labels } from '../../filters/selector.ts'
import { compileDashboard } from '../../formats/dashboard.ts'
import { type Document, readDocuments } from '../documents.ts'
import type { LocalCommand, LocalSurroundings } from '../local.ts'
import type { Given } from '../parse-flags.ts'
import { printable } from '../table.ts'
import { noUid } from './declared.ts'
import { type ExplainOptions, explainAll } from './explain-all.ts'
import { explainFlags } from './flags.ts'
import { show } from './show.ts'

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
    return accept((around) => run(given, output.value, around))
  },
}

type Output = 'text' | 'json' | 'yaml'

function outputOf({ values }: Given): Verdict<Output> {
  const form = values.output?.[0] ?? (values.json ? 'json' : 'text')
  if (values.output && values.json) return refuse('FlagInvalid', '--json stands for --output json: give one of them')
  return form === 'text' || form === 'json' || form === 'yaml'
    ? accept(form)
    : refuse('FlagInvalid', `--output must be one of text, json, yaml, not '${form}'`)
}

async function run(given: Given, output: Output, around: LocalSurroundings): Promise<Verdict> {
  const { out } = around
  const stdin = once(around.stdin)
  const options = optionsOf(given, around)
  if (!options.ok) return options
  const files: Document[][] = []
  for (const flag of ['subscription', 'object', 'sink', 'previous']) {
    const read = await readDocuments(textsOf(given, flag), stdin)
    if (!read.ok) return read
    files.push(read.value)
  }
  const explained = explainAll(files.slice(0, 3).flat(), files[3] ?? [], options.value)
  if (!explained.ok) return explained
  const { refused, explanations } = explained.value
  if (output === 'text') out.print(show(explained.value))
  else out.print(output === 'json' ? `${JSON.stringify(explained.value, undefined, 2)}\n` : stringify(explained.value))
  if (refused.length > 0)
    return refuse('InputInvalid', `${refused.map(({ kind, name }) => `${kind} ${name}`).join(', ')} can't be used`)
  if (!explanations.some(({ milestones }) => milestones.some(({ verdict }) => verdict === 'match')))
    out.note('nothing matches')
  return accept(undefined)
}

/** What comes on stdin comes once, whichever flags name it. */
function once(read: () => Promise<string>): () => Promise<string> {
  let isRead = false
  return async () => {
    if (isRead) return ''
    isRead = true
    return read()
  }
}

const textsOf = ({ values }: Given, flag: string): string[] =>
  (values[flag] ?? []).filter((value): value is string => typeof value === 'string')

function optionsOf(given: Given, { now, out }: LocalSurroundings): Verdict<ExplainOptions> {
  const [namespace = 'default'] = textsOf(given, 'namespace')
  const [uri] = textsOf(given, 'cluster-uri')
  const [template] = textsOf(given, 'dashboard-url')
  const [schemaBase] = textsOf(given, 'schema-base-url')
  const urlOf = compileDashboard(template, 'https://kubernetes.default.svc')
  if (!urlOf.ok) return refuse('FlagInvalid', `--dashboard-url: ${urlOf.message}`)
  const labels = labelsOf(textsOf(given, 'namespace-labels')[0])
  if (!labels.ok) return labels
  if (uri === undefined) out.note(`note: --cluster-uri was not given: sources begin with /clusters/${noUid}`)
  return accept({
    namespace,
    adminNamespaces: new Set(textsOf(given, 'admin-namespace')),
    namespaceLabels: labels.value,
    cluster: {
      uri: (uri ?? `/clusters/${noUid}`).replace(/\/+$/, ''),
      urlOf: urlOf.value,
      schemaBase: schemaBase?.replace(/\/+$/, ''),
    },
    deletedAt: given.values.deleted ? now : undefined,
    now,
    note: (line) => out.note(`note: ${printable(line)}`),
  })
}

/** `team=a,tier=prod` */
function labelsOf(given: string | undefined): Verdict<Labels | undefined> {
  if (given === undefined) return accept(undefined)
  const pairs = given.split(',').map((pair) => pair.split('='))
  const wrong = pairs.find(([key, value, ...more]) => !key || value === undefined || more.length > 0)
  if (wrong) return refuse('FlagInvalid', `--namespace-labels '${wrong.join('=')}' must be name=value, such as team=a`)
  return accept(Object.fromEntries(pairs))
}
