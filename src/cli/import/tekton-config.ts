import { accept, refuse } from '../../api/verdict.ts'
import type { CommandFlag } from '../command-text.ts'
import type { LocalCommand } from '../local-command.ts'
import { givenText, givenTexts } from '../parse-flags.ts'

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
    const into = givenText(given, 'into')
    const name = givenText(given, 'name') ?? 'tekton'
    const namespace = givenText(given, 'namespace') ?? 'tekton-pipelines'
    if (into === undefined)
      return refuse('FlagInvalid', '--into is needed: an admin namespace, such as --into platform')
    for (const [flag, value] of Object.entries({ into, name, namespace }))
      if (!/^[a-z0-9]([-a-z0-9]{0,56}[a-z0-9])?$/.test(value))
        return refuse(
          'FlagInvalid',
          `--${flag} '${value.slice(0, 80)}' is no name: use lower case letters, digits and '-'`,
        )
    const files = givenTexts(given, 'filename')
    const kubeconfig = givenText(given, 'kubeconfig')
    if (files.length > 0 && kubeconfig !== undefined)
      return refuse('FlagInvalid', '--filename and --kubeconfig exclude each other: files, or the cluster')
    return accept(async (around) => {
      const { importSettings } = await import('./import-settings.ts')
      return importSettings({ into, name, namespace, files, kubeconfig }, around)
    })
  },
}
