import type { KubeObject } from '../../api/object.ts'
import { isRecord } from '../kept-annotations.ts'

const copied = ['pipelinesascode.tekton.dev', 'pac.test.appstudio.openshift.io']

/** Labels that name a person, a credential, or how Pipelines as Code is set up. Older versions of it write all of these as labels, too. */
const hidden: ReadonlySet<string> = new Set([
  'release.appstudio.openshift.io/author',
  ...copied.flatMap((prefix) =>
    ['sender', 'git-auth-secret', 'installation-id', 'controller-info', 'on-cel-expression'].map(
      (name) => `${prefix}/${name}`,
    ),
  ),
])

/** On runs of MintMaker, which work in one namespace for the repositories of all tenants. */
const ofOthers = 'mintmaker.appstudio.redhat.com/'

const isHidden = (name: string): boolean => hidden.has(name) || name.startsWith(ofOthers)

/** metadata.labels as a summary tells them; the very same where none of them stays behind. */
export function toldLabels({ metadata }: KubeObject): KubeObject['metadata']['labels'] {
  const { labels } = metadata
  if (!isRecord(labels)) return labels
  for (const name in labels) if (isHidden(name)) return without(labels)
  return labels
}

const without = (labels: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !isHidden(name)))
