import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A package that is in the bundle, as it was installed. `path` is its folder in the repository; `integrity` the lock file's, of its tarball. */
export type Bundled = {
  path: string
  name: string
  version: string
  license: string
  integrity: string | undefined
  homepage: string | undefined
  licenseText: string | undefined
}

type Lock = { packages: Record<string, { integrity?: string }> }
type Manifest = { name: string; version: string; license?: string; homepage?: string }

/** The packages that files of a bundle (esbuild's `metafile.inputs`) came from, by name. Throws where one says nothing of its licence. */
export function bundledOf(inputs: Iterable<string>, root: string): Bundled[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock
  const paths = new Set([...inputs].flatMap((file) => packageOf.exec(file)?.[1] ?? []))
  return [...paths].toSorted().map((path): Bundled => {
    const folder = join(root, path)
    const { name, version, license, homepage } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    ) as Manifest
    if (typeof license !== 'string') throw new Error(`${path}/package.json names no licence: look into it by hand`)
    const file = readdirSync(folder).find((one) => /^(licen[cs]e|copying)(\.|$)/i.test(one))
    const licenseText = file === undefined ? undefined : readFileSync(join(folder, file), 'utf8').trim()
    const { integrity } = lock.packages[path.slice(path.indexOf('node_modules/'))] ?? {}
    return { path, name, version, license, integrity, homepage, licenseText }
  })
}

// The innermost folder of node_modules, with or without a scope.
const packageOf = /^((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//

/** What CycloneDX 1.6 calls a bill of materials: of the bundle, and so of all that runs. The same bytes for the same bundle. */
export function billOfMaterials(program: Manifest, bundled: readonly Bundled[]): string {
  const refs = bundled.map(purlOf)
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        ...{ type: 'application', 'bom-ref': program.name, name: program.name, version: program.version },
        licenses: licensesOf(program.license ?? ''),
      },
    },
    components: bundled.map((one) => ({
      ...{ type: 'library', 'bom-ref': purlOf(one), name: one.name, version: one.version },
      scope: 'required',
      hashes: hashesOf(one.integrity),
      licenses: licensesOf(one.license),
      purl: purlOf(one),
      ...(one.homepage && { externalReferences: [{ type: 'website', url: one.homepage }] }),
    })),
    dependencies: [{ ref: program.name, dependsOn: refs }],
  }
  return `${JSON.stringify(bill, null, 2)}\n`
}

/** https://github.com/package-url/purl-spec, type npm: the scope's @ is percent-encoded. */
const purlOf = ({ name, version }: Bundled): string => `pkg:npm/${name.replace('@', '%40')}@${version}`

const licensesOf = (license: string): object[] =>
  / (OR|AND|WITH) /.test(license) ? [{ expression: license }] : [{ license: { id: license } }]

function hashesOf(integrity: string | undefined): object[] {
  const base64 = /^sha512-(.+)$/.exec(integrity ?? '')?.[1]
  return base64 === undefined ? [] : [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }]
}

/** The licences of all that is bundled, each with its text: they ask that it goes with every copy. */
export function thirdPartyLicenses(bundled: readonly Bundled[]): string {
  const parts = bundled.map(
    ({ name, version, license, licenseText }) =>
      `${name} ${version}, ${license}\n\n${licenseText ?? `(The package holds no text of its licence, ${license}.)`}\n`,
  )
  return `Carillon's program holds these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}
