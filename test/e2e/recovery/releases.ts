import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { ended, run, secondOver, writeStatus } from '../fixture.ts'
import { Lives, moments, oneIdEach, type Scene } from './scene.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The operator as one file, with another catalogue of Tekton's milestones. */
async function release(outfile: string, edit: (catalogue: string) => string): Promise<string> {
  const banner = `import { createRequire as carillonRequire } from 'node:module'; const require = carillonRequire(import.meta.url);`
  const catalogue = {
    name: 'catalogue',
    setup: ({ onLoad }: Parameters<NonNullable<Parameters<typeof build>[0]['plugins']>[number]['setup']>[0]) =>
      onLoad({ filter: /tekton-catalogue\.ts$/ }, ({ path }) => ({
        contents: edit(readFileSync(path, 'utf8')),
        loader: 'ts',
      })),
  }
  await build({
    entryPoints: [join(root, 'test/e2e/recovery/program.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: banner },
    plugins: [catalogue],
    logLevel: 'error',
    absWorkingDir: root,
  })
  return outfile
}

/** A release that brings a milestone, on the data of the one before. */
export function releases(scene: Scene): void {
  it('tells of a milestone that a new release brings from then on, and nothing of the runs that there were', async () => {
    const { stage, admin } = scene
    const folder = mkdtempSync(join(tmpdir(), 'carillon-releases-'))
    try {
      // `queued`, as if there had been no such milestone; then it is one of those that a subscription gets by default.
      const before = await release(join(folder, 'before.js'), (text) => {
        const edited = text
          .replace(
            'const customRunCatalogue: readonly MilestoneKind[] = [queued, ',
            'const customRunCatalogue: readonly MilestoneKind[] = [',
          )
          .replaceAll(/\[\n {2}queued,\n/g, '[\n')
        assert.doesNotMatch(edited, /[[ ]queued,/)
        return edited
      })
      const after = await release(join(folder, 'after.js'), (text) => {
        const edited = text.replace(
          "name: 'queued',\n  class: 'derived',\n  default: false",
          "name: 'queued',\n  class: 'derived',\n  default: true",
        )
        assert.notEqual(edited, text)
        return edited
      })
      await using lives = new Lives(stage, ['--watch-namespace', 'releases'])
      const team = await stage.team('releases')
      const ns = team.namespace
      await lives.begin({ program: before })
      await team.subscribe({ startFrom: 'Now' })
      for (const name of ['one', 'two', 'three']) await run(admin, ns, name)
      await team.received(6)
      await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 6)
      assert.equal(await lives.current?.stop(), 'exited with 0')

      await secondOver()
      await lives.begin({ program: after })
      await team.ready()
      await admin.mergePatch('tekton.dev/v1', 'TaskRun', ns, 'one', { metadata: { annotations: { touched: 'true' } } })
      await writeStatus(admin, ns, 'two', ended())
      await secondOver()
      await run(admin, ns, 'new')
      const received = await team.received((all) => moments(all).includes('new finished'))
      assert.deepEqual(moments(received.slice(6)), ['new finished', 'new queued', 'new started'])
      oneIdEach(received)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
