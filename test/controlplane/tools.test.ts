import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { makeScratch, removeScratch } from './scratch.ts'
import { cacheFolder } from './tools.ts'

describe('tools', () => {
  let scratch: string
  before(() => {
    scratch = makeScratch('tools')
  })
  after(() => removeScratch(scratch))

  type Outcome = { code: number; stdout: string; stderr: string }

  /** Asks for etcd in a process of its own, as what is tested hangs on the environment. */
  const ensure = (env: NodeJS.ProcessEnv, onReport: (text: string) => void = () => undefined): Promise<Outcome> => {
    const tools = new URL('./tools.ts', import.meta.url).href
    const script = `import { ensureTool } from '${tools}'
      try { console.log(await ensureTool('etcd', console.error)) } catch (error) { console.error(error.message); process.exit(1) }`
    const own = { CARILLON_CACHE: scratch, KUBEBUILDER_ASSETS: '' }
    return new Promise((resolve) => {
      const options = { env: { ...process.env, ...own, ...env } }
      const child = execFile(
        process.execPath,
        ['--input-type=module', '-e', script],
        options,
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      )
      child.stderr?.on('data', onReport)
    })
  }

  /** A folder for PATH with a `go` that prints `says`. */
  const fakeGo = (says: string): string => {
    const folder = join(scratch, `path-${says.slice(0, 8)}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'go'), `#!/bin/sh\nprintf '${says}\\nlinux\\namd64\\n'\n`)
    chmodSync(join(folder, 'go'), 0o755)
    return folder
  }

  it('are kept in the cache folder that the environment names', () => {
    assert.equal(cacheFolder({ CARILLON_CACHE: '/a', XDG_CACHE_HOME: '/b' }), '/a/tools')
    assert.equal(cacheFolder({ XDG_CACHE_HOME: '/b' }), '/b/carillon/tools')
    assert.match(cacheFolder({}), /\/\.cache\/carillon\/tools$/)
  })

  it('name what to install where Go is missing or too old', async () => {
    const missing = await ensure({ PATH: join(scratch, 'empty') })
    assert.equal(missing.code, 1)
    assert.match(
      missing.stderr,
      /^Go 1\.26 or later is needed .* no go in PATH: see https:\/\/go\.dev\/doc\/install\n$/,
    )
    const old = await ensure({ PATH: fakeGo('go1.22.5') })
    assert.equal(old.code, 1)
    assert.match(old.stderr, /^Go 1\.26 or later is needed .* this is go1\.22\.5/)
  })

  it('come from KUBEBUILDER_ASSETS where that is set', async () => {
    const missing = await ensure({ KUBEBUILDER_ASSETS: scratch })
    assert.match(missing.stderr, /^KUBEBUILDER_ASSETS is .*, but there is no etcd in it\n$/)
    writeFileSync(join(scratch, 'etcd'), '')
    assert.equal((await ensure({ KUBEBUILDER_ASSETS: scratch })).stdout, `${join(scratch, 'etcd')}\n`)
  })

  it('are built once, whoever asks at the same time', async () => {
    const folder = join(scratch, 'tools')
    mkdirSync(folder, { recursive: true })
    const lock = new DatabaseSync(join(folder, 'build.lock'))
    lock.exec('BEGIN EXCLUSIVE')
    const waiting = new Set<number>()
    const outcomes = [1, 2].map((which) =>
      ensure({}, (text) => {
        if (text.includes('waiting for another process that builds tools')) waiting.add(which)
        if (waiting.size === 2 && lock.isOpen) lock.close()
      }),
    )
    const [one, other] = (await Promise.all(outcomes)) as [Outcome, Outcome]
    assert.equal(one.code, 0, one.stderr)
    assert.equal(one.stdout, other.stdout)
    assert.equal(`${one.stderr}${other.stderr}`.match(/^built etcd /gm)?.length, 1)
    assert.deepEqual(readdirSync(folder).sort(), ['build.lock', basename(one.stdout.trim())])
    assert.equal((await ensure({})).stderr, '')
  })
})
