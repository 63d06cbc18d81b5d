import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import packageJson from '../package.json' with { type: 'json' }
import { billOfMaterials, bundledOf, thirdPartyLicenses } from './bill-of-materials.ts'

// The bundle holds CommonJS dependencies too, which call require.
const banner = `import { createRequire as carillonRequire } from 'node:module'; const require = carillonRequire(import.meta.url);`

const leanUndici: Plugin = {
  name: 'lean-undici',
  setup({ onResolve }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: fileURLToPath(new URL('undici.cjs', import.meta.url)) }))
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
  plugins: [leanUndici],
  logLevel: 'warning',
  metafile: true,
})
const bundled = bundledOf(Object.keys(metafile.inputs), process.cwd())
const beside = (name: string) => join(dirname(outfile), name)
writeFileSync(beside('carillon.cdx.json'), billOfMaterials(packageJson, bundled))
writeFileSync(beside('THIRD-PARTY-LICENSES.txt'), thirdPartyLicenses(bundled))
console.error(`built ${outfile}, version ${packageJson.version}`)
