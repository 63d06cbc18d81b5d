import { stringify } from 'yaml'
import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import type { Labels } from '../../filters/selector.ts'
import { compileDashboard } from '../../formats/dashboard.ts'
import { type Document, readDocuments } from '../documents.ts'
import type { LocalSurroundings } from '../local-command.ts'
import { type Given, givenText, givenTexts } from '../parse-flags.ts'
import { printable } from '../table.ts'
import { noUid } from './declared.ts'
import { type ExplainOptions, explainAll } from './explain-all.ts'
import type { Output } from './flags.ts'
import { show } from './show.ts'

/** `carillon explain`: reads the files that were given, judges, and prints what came of it. */
export async function explainFiles(given: Given, output: Output, around: LocalSurroundings): Promise<Verdict> {
  const { out } = around
  const stdin = once(around.stdin)
  const options = optionsOf(given, around)
  if (!options.ok) return options
  // One file may hold all of it, and be given for each.
  const present = new Set(['subscription', 'object', 'sink'].flatMap((flag) => givenTexts(given, flag)))
  const files: Document[][] = []
  for (const names of [[...present], givenTexts(given, 'previous')]) {
    const read = await readDocuments(names, stdin)
    if (!read.ok) return read
    files.push(read.value)
  }
  const [objects = [], previous = []] = files
  const explained = explainAll(objects, previous, options.value)
  if (!explained.ok) return explained
  const { refused, explanations } = explained.value
  if (givenText(given, 'cluster-uri') === undefined)
    out.note(`note: --cluster-uri was not given: sources begin with /clusters/${noUid}`)
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

function optionsOf(given: Given, { now, out }: LocalSurroundings): Verdict<ExplainOptions> {
  const namespace = givenText(given, 'namespace') ?? 'default'
  const uri = givenText(given, 'cluster-uri')
  const template = givenText(given, 'dashboard-url')
  const schemaBase = givenText(given, 'schema-base-url')
  const urlOf = compileDashboard(template, 'https://kubernetes.default.svc')
  if (!urlOf.ok) return refuse('FlagInvalid', `--dashboard-url: ${urlOf.message}`)
  const labels = labelsOf(givenText(given, 'namespace-labels'))
  if (!labels.ok) return labels
  return accept({
    namespace,
    adminNamespaces: new Set(givenTexts(given, 'admin-namespace')),
    tenantKinds: new Set(givenTexts(given, 'tenant-kind')),
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
