import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Manifest } from '../../controlplane/admin.ts'

/** Konflux's own CRDs, objects of one real run as they were at its end, and some written after the facts: not part of this repository. */
const data = new URL('../../../../shared/data/konflux/', import.meta.url)

/** For tests that need them: skips, and says why. */
export const needsKonflux = {
  skip: existsSync(data) ? false : '../shared/data/konflux is absent: the replay was not tried',
}

const read = (path: string): KubeObject[] =>
  parseAllDocuments(readFileSync(new URL(path, data), 'utf8'))
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null)

const filesOf = (folder: string): string[] =>
  readdirSync(new URL(folder, data))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => `${folder}/${file}`)

export const konfluxCrds = (): Manifest[] => filesOf('crds').flatMap(read) as unknown as Manifest[]

/** What belongs to the installation, or has no milestones. */
const passedOver = new Set(['Konflux', 'KonfluxDefaultTenant', 'Namespace', 'Application'])

/** The final states of the run, in the order in which they were created. */
export const finalStates = (): KubeObject[] =>
  filesOf('e2e-run')
    .flatMap(read)
    .filter(({ kind }) => !passedOver.has(kind))
    .toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1))

/** Of a Release, which the run lacks: created, in its managed phase, published; and how it would have failed at its second attempt. */
export function syntheticReleases() {
  const [created, managed, published, failed] = read('synthetic/release-lifecycle.yaml')
  if (!created || !managed || !published || !failed) throw new Error('release-lifecycle.yaml has other states')
  return { created, managed, published, failed }
}
