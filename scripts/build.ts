import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import packageJson from '../package.json' with { type: 'json' }

// The bundle holds CommonJS dependencies too, which call require.
const banner = `import { createRequire as carillonRequire } from 'node:module'; const require = carillonRequire(import.meta.url);`

const leanUndici: Plugin = {
  name: 'lean-undici',
  setup({ onResolve }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: fileURLToPath(new URL('undici.cjs', import.meta.url)) }))
  },
}

/** `node scripts/build.ts [FILE]` */
const outfile = process.argv[2] ?? 'dist/carillon.js'

await build({
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
})
console.error(`built ${outfile}, version ${packageJson.version}`)
