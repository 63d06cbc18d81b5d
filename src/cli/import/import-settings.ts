import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import { connect } from '../../kube/client.ts'
import { getObject } from '../../kube/resources.ts'
import { fields } from '../../sources/read.ts'
import { readDocuments } from '../documents.ts'
import type { LocalSurroundings } from '../local-command.ts'
import { printable } from '../table.ts'
import { render } from './render.ts'
import { type Data, settingsOf, type TektonSettings, tektonMaps } from './tekton-settings.ts'
import { translate } from './translate.ts'

/** `namespace`: Tekton's. Without files the cluster is asked. */
export type ImportOptions = {
  into: string
  name: string
  namespace: string
  files: readonly string[]
  kubeconfig: string | undefined
}

/** `carillon import tekton-config`: prints what is to be applied, and on stderr what differs. */
export async function importSettings(
  { into, name, namespace, files, kubeconfig }: ImportOptions,
  around: LocalSurroundings,
): Promise<Verdict> {
  const settings = files.length > 0 ? await fromFiles(files, around) : await fromCluster(namespace, kubeconfig, around)
  if (!settings.ok) return settings
  const translated = translate(settings.value, { namespace: into, name, tektonNamespace: namespace })
  if (!translated.ok) return translated
  around.out.print(render(translated.value))
  for (const { todo, text } of translated.value.differences)
    around.out.note(`${todo ? 'to do' : 'note'}: ${printable(text)}`)
  return accept(undefined)
}

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
