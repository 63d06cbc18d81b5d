import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import packageJson from '../package.json' with { type: 'json' }
import { billOfMaterials, bundledOf, thirdPartyLicenses } from './bill-of-materials.ts'

// Before anything else of it runs: an older Node.js says so, instead of what it stumbles over.
const oldest = Number.parseInt(packageJson.engines.node.replace('>=', ''), 10)
const refusal = `carillon: Node.js ${oldest} or newer is needed, this is `
const check = `if (Number.parseInt(process.versions.node, 10) < ${oldest}) { process.stderr.write('${refusal}' + process.version + '\\n'); process.exit(1) }`
// The bundle holds CommonJS dependencies too, which call require.
const banner = `import { createRequire as carillonRequire } from 'node:module'; const require = carillonRequire(import.meta.url); ${check}`

/** Modules that are put in the place of others. SQLite's is loaded in its turn, as an older Node.js has none: a static import comes before the check. */
const instead: Plugin = {
  name: 'instead',
  setup({ onResolve }) {
    const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url))
    const sqlite = { path: beside('sqlite.cjs') }
    onResolve({ filter: /^undici$/ }, () => ({ path: beside('undici.cjs') }))
    onResolve({ filter: /^node:sqlite$/ }, ({ importer }) => (importer === sqlite.path ? undefined : sqlite))
  },
}

/** `node scripts/build.ts [FILE]`: the bundle, and beside it what is in it and under which licences. */
const outfile = process.argv[2] ?? 'dist/carillon.js'

const { metafile } = await build({
  entryPoints: ['src/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minifySyntax: true,
  legalComments: 'none',
  banner: { js: banner },
  plugins: [instead],
  logLevel: 'warning',
  metafile: true,
})
// By one character that is not Latin-1, in a comment even, V8 would keep the whole source in two bytes each: 3 MiB of the heap.
writeFileSync(outfile, toAscii(readFileSync(outfile, 'utf8')))
const bundled = bundledOf(Object.keys(metafile.inputs), process.cwd())
const target = (name: string) => join(dirname(outfile), name)
writeFileSync(target('carillon.cdx.json'), billOfMaterials(packageJson, bundled))
writeFileSync(target('THIRD-PARTY-LICENSES.txt'), thirdPartyLicenses(bundled))
console.error(`built ${outfile}, version ${packageJson.version}`)

/** In string literals and regular expressions an escape means the same, and in comments nothing. */
function toAscii(source: string): string {
  return source.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
