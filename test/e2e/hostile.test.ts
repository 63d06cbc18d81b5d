// What a tenant may try to reach through the operator: each case as an EventSink, in a network of its own where all of it is there to be reached.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ensureTool } from '../controlplane/tools.ts'
import { corpus } from './hostile/corpus.ts'
import type { HostileReport } from './hostile/inside.ts'

const inNetwork = ['--user', '--map-root-user', '--net', '--mount']
const canUnshare = spawnSync('unshare', [...inNetwork, 'ip', 'link', 'set', 'lo', 'up']).status === 0
const skip = canUnshare ? false : 'this machine lets no one make networks of their own (unshare --user --net, ip)'

test('hostile sinks', { skip }, async (t) => {
  await Promise.all([ensureTool('etcd'), ensureTool('kube-apiserver')])
  const inside = fileURLToPath(new URL('./hostile/inside.ts', import.meta.url))
  const child = spawn('unshare', [...inNetwork, process.execPath, inside], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  assert.ok(said.startsWith('{'), `${said}\n${errors}`)
  const report = JSON.parse(said) as HostileReport

  await t.test('what they are after is there to be reached, where the administrator allows it', () => {
    assert.deepEqual(report.missed, [])
    t.diagnostic(`${report.reached.length} places were reached with the guard off`)
  })
  await t.test('with the defaults nobody of these is connected to, and anybody else is', () => {
    assert.deepEqual(report.touched, [])
    assert.equal(report.control, 1)
  })
  await t.test('there are two hundred of them at least', () => assert.ok(corpus.length >= 200, `${corpus.length}`))
  for (const { name, expect } of corpus)
    await t.test(name, () => assert.match(report.cases.find((one) => one.name === name)?.said ?? 'nothing', expect))
})
