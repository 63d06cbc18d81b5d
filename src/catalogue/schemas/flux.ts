import type { Source } from '../../sources/source.ts'
import { members, type Schema, text } from './schema.ts'

const count = (description: string): Schema => ({ type: 'integer', minimum: 0, description })

const revision = 'as Flux writes it: main@sha1:<commit>, 1.2.3, or 1.2.3+<first digits of an OCI digest>'

const source = members('what it is made from', {
  kind: text('such as GitRepository or HelmRepository'),
  name: text('of that object'),
  namespace: text('of that object; absent where it is the own one'),
  chart: text('of a chart in it, as the spec names it'),
  version: text('of a chart in it, as the spec asks for it'),
})

const release = members('the newest release of status.history', {
  version: count('number of the release as Helm counts'),
  ...Object.fromEntries(
    ['name', 'namespace', 'status', 'chart', 'chartVersion', 'appVersion', 'configDigest', 'ociDigest'].map((name) => [
      name,
      text('as status.history has it'),
    ]),
  ),
})

const attempted = members('what is wanted', {
  revision: text(revision),
  configDigest: text('digest of the values'),
  action: text('what Helm was asked to do last'),
  failures: count('failures in a row to get there'),
})

const all: Readonly<Record<string, Schema>> = {
  suspended: { type: 'boolean', description: 'true where spec.suspend is; else absent' },
  release,
  attempted,
  applied: members('what has been applied', {
    revision: text(revision),
    originRevision: text('of what the source was made from'),
    path: text('in the source'),
  }),
  source,
  targetNamespace: text('where it is installed, if not in its own namespace'),
  url: text('where the source comes from, without credentials or query'),
  ref: members('which revision is asked for', {
    branch: text('of the repository'),
    tag: text('of the repository'),
    semver: text('range of versions'),
    commit: text('of the repository'),
    name: text('reference in the repository'),
  }),
  artifact: members('what is stored', {
    revision: text(revision),
    digest: text('of the artifact'),
    size: count('in bytes'),
  }),
}

/** `FluxFacts` of src/formats/flux-facts.ts; without a source those of every kind. */
export function fluxFactsSchema(of?: Source): Schema {
  const names = of === undefined ? Object.keys(all) : (byKind[of.kind] ?? forSources)
  const kept = names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]] as const]))
  return members('of the object, as it was when the event was made', Object.fromEntries(kept))
}

const byKind: Readonly<Record<string, readonly string[]>> = {
  HelmRelease: ['suspended', 'release', 'attempted', 'source', 'targetNamespace'],
  Kustomization: ['suspended', 'applied', 'attempted', 'source', 'targetNamespace'],
}

const forSources = ['suspended', 'url', 'ref', 'source', 'artifact']

/** `fluxExtensions` of src/formats/flux-facts.ts. */
export const fluxExtensions: Readonly<Record<string, Schema>> = {
  revision: text(
    'the revision, or version of the chart, that the milestone is about; else the one last attempted or stored; absent where there is none',
  ),
}
