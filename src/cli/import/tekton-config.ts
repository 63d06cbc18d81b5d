import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import { connect } from '../../kube/client.ts'
import { getObject } from '../../kube/resources.ts'
import { fields } from '../../sources/read.ts'
import type { CommandFlag } from '../command-text.ts'
import { readDocuments } from '../documents.ts'
import type { LocalCommand, LocalSurroundings } from '../local.ts'
import type { Given } from '../parse-flags.ts'
import { printable } from '../table.ts'
import { render } from './render.ts'
import { type Data, settingsOf, type TektonSettings, tektonMaps } from './tekton-settings.ts'
import { translate } from './translate.ts'

const flags: readonly CommandFlag[] = [
  { name: 'into', value: 'NAMESPACE', help: "where the two will be applied: one of the operator's admin namespaces" },
  { name: 'name', value: 'NAME', default: 'tekton', help: 'what both are called' },
  {
    name: 'filename',
    short: 'f',
    value: 'FILE',
    list: true,
    help: 'YAML with the ConfigMaps, - for stdin; default: they are read from the cluster',
  },
  { name: 'namespace', value: 'NAME', default: 'tekton-pipelines', help: "Tekton's namespace" },
  {
    name: 'kubeconfig',
    value: 'FILE',
    help: 'which cluster to read from; default: KUBECONFIG, ~/.kube/config, or the pod itself',
  },
]

export const importTektonConfig: LocalCommand = {
  brief: "make an EventSink and EventSubscription of Tekton's own settings",
  usage: '--into NAMESPACE [flags]',
  about: `Turn Tekton's own CloudEvents settings into an EventSink and a cluster-wide EventSubscription that send the same
types of events to the same place. They are printed as YAML, to be applied. What differs, and what is to be done
besides, stands in its comments and on stderr. Read are the ConfigMaps config-events, config-defaults, feature-flags and
pipelines-info.`,
  flags,
  examples: [
    'import tekton-config --into platform > tekton.yaml && kubectl apply -f tekton.yaml',
    'import tekton-config --into platform -f config-events.yaml -f feature-flags.yaml',
  ],
  read(given) {
    const [into] = textsOf(given, 'into')
    const [name = 'tekton'] = textsOf(given, 'name')
    const [namespace = 'tekton-pipelines'] = textsOf(given, 'namespace')
    if (into === undefined)
      return refuse('FlagInvalid', '--into is needed: an admin namespace, such as --into platform')
    for (const [flag, value] of Object.entries({ into, name, namespace }))
      if (!/^[a-z0-9]([-a-z0-9]{0,56}[a-z0-9])?$/.test(value))
        return refuse(
          'FlagInvalid',
          `--${flag} '${value.slice(0, 80)}' is no name: use lower case letters, digits and '-'`,
        )
    const files = textsOf(given, 'filename')
    const [kubeconfig] = textsOf(given, 'kubeconfig')
    if (files.length > 0 && kubeconfig !== undefined)
      return refuse('FlagInvalid', '--filename and --kubeconfig exclude each other: files, or the cluster')
    return accept(async (around) => {
      const settings =
        files.length > 0 ? await fromFiles(files, around) : await fromCluster(namespace, kubeconfig, around)
      if (!settings.ok) return settings
      const translated = translate(settings.value, { namespace: into, name, tektonNamespace: namespace })
      if (!translated.ok) return translated
      around.out.print(render(translated.value))
      for (const { todo, text } of translated.value.differences)
        around.out.note(`${todo ? 'to do' : 'note'}: ${printable(text)}`)
      return accept(undefined)
    })
  },
}

const textsOf = ({ values }: Given, flag: string): string[] =>
  (values[flag] ?? []).filter((value): value is string => typeof value === 'string')

async function fromFiles(files: readonly string[], { stdin }: LocalSurroundings): Promise<Verdict<TektonSettings>> {
  const documents = await readDocuments(files, stdin)
  return documents.ok ? settingsOf(documents.value) : documents
}

async function fromCluster(
  namespace: string,
  kubeconfig: string | undefined,
  { cluster, version }: LocalSurroundings,
): Promise<Verdict<TektonSettings>> {
  const options = { ...cluster, ...(kubeconfig !== undefined && { kubeconfig }), userAgent: `carillon/${version}` }
  const connected = await connect(options)
  if (!connected.ok) return connected
  await using client = connected.value
  const resource = { group: '', version: 'v1', plural: 'configmaps' }
  const settings: TektonSettings = {}
  try {
    for (const name of tektonMaps) {
      const map = await getObject(client, resource, namespace, name)
      if (map) settings[name] = fields(map.data) as Data
    }
  } catch (error) {
    return refuse(
      'ConfigUnreadable',
      `the ConfigMaps of namespace ${namespace} can't be read: ${(error as Error).message}`,
    )
  }
  return Object.keys(settings).length > 0
    ? accept(settings)
    : refuse(
        'NotFound',
        `namespace ${namespace} has none of the ConfigMaps ${tektonMaps.join(', ')}: name Tekton's namespace with --namespace`,
      )
}
