import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Explained } from '../../../src/cli/explain/explained.ts'
import { run as play, type Team } from '../fixture.ts'
import { type Scene, schemaBase } from './scene.ts'

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const run = promisify(execFile)

/** Headers that HTTP itself adds, and the one whose value only the operator knows. */
const notOurs = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'authorization'])

const ours = (headers: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !notOurs.has(name)))

const holdsObject = (body: string): boolean => body.includes('"resourceVersion"')

/** What was delivered is what `carillon explain` says that it would be. */
export function explaining(scene: Scene): void {
  it('delivers byte for byte what carillon explain says of the objects as they are', async () => {
    const { stage, admin } = scene
    const team = await stage.team('explained')
    await team.secret('qe', { token: 't0ken' })
    await team.sink('sink', {
      auth: { bearer: { secretRef: { name: 'qe' } } },
      headers: [{ name: 'X-Team', value: 'a' }],
    })
    await team.sink('structured', { mode: 'structured' }, { limits: { maxEventBytes: 2048 } })
    const sinks = [{ name: 'sink' }, { name: 'structured' }]
    const finished = { sinks, events: [{ kind: 'PipelineRun', milestones: ['finished'] }, { kind: 'TaskRun' }] }
    const formats = ['cloudevents', 'cdevents', 'tektonv1', 'tektonv2']
    const filter = 'milestone.name == "finished"'
    await team.subscription('every-form', { ...finished, formats, filter, data: { content: 'full' } })
    await team.subscription('small', { ...finished, filter, extensions: { team: 'größe' } })
    for (const name of ['every-form', 'small']) await team.ready(name)

    const params = [{ name: 'text', value: 'ü'.repeat(1500) }]
    await play(admin, 'explained', 'one', { spec: { params }, labels: { app: 'web' } })
    await play(admin, 'explained', 'two', { kind: 'PipelineRun' })
    const explained = await explain(scene, team)
    const events = explained.explanations.flatMap(({ milestones }) => milestones.flatMap((one) => one.events))
    const received = await team.received(events.length)
    assert.equal(received.length, events.length)
    assert.equal(events.length, 2 * (2 * 4 + 2))
    const fates = new Set(events.map(({ verdict }) => verdict))
    assert.deepEqual([...fates].sort(), ['reduced', 'sent'])
    let whole = 0
    for (const { request, id } of events) {
      const isStructured = request.mode === 'structured'
      const of = received.find(
        ({ id: other, subscription, headers }) =>
          other === id &&
          subscription === request.headers['carillon-subscription'] &&
          isStructured === (headers['ce-id'] === undefined),
      )
      assert.ok(of, `${id} of ${request.headers['carillon-subscription']} was not received`)
      // The API server orders the metadata of an object in a watch otherwise than in an answer to a GET.
      if (holdsObject(request.body)) assert.deepEqual(JSON.parse(request.body), JSON.parse(of.body))
      else assert.equal(request.body, of.body)
      whole += holdsObject(request.body) ? 1 : 0
      assert.deepEqual(ours(request.headers), ours(of.headers))
      assert.equal(request.headers.authorization !== undefined, of.headers.authorization !== undefined)
    }
    assert.ok(whole > 0 && whole < events.length)
    const ofSchema = received.map(({ headers }) => headers['ce-dataschema']).filter((schema) => schema !== undefined)
    assert.ok(ofSchema.includes(`${schemaBase}/dev.carillon.tekton.taskrun.finished.v1.json`), ofSchema.join())
    assert.ok(!JSON.stringify(explained).includes('t0ken'))
  })
}

/** What the API server has, in files. */
async function explain({ stage, admin }: Scene, team: Team): Promise<Explained> {
  const files = {
    subscription: [await team.get('EventSubscription', 'every-form'), await team.get('EventSubscription', 'small')],
    sink: [await team.get('EventSink', 'sink'), await team.get('EventSink', 'structured')],
    object: [
      await admin.get('tekton.dev/v1', 'TaskRun', team.namespace, 'one'),
      await admin.get('tekton.dev/v1', 'PipelineRun', team.namespace, 'two'),
    ],
  }
  const given = Object.entries(files).flatMap(([flag, objects]) => {
    const path = join(stage.cp.directory, `explained-${flag}.yaml`)
    writeFileSync(path, objects.map((one) => JSON.stringify(one)).join('\n---\n'))
    return [`--${flag}`, path]
  })
  const uid = (await admin.get('v1', 'Namespace', undefined, 'kube-system'))?.metadata.uid
  const dashboard = `${stage.cp.url}/apis/{{group}}/{{version}}/namespaces/{{namespace}}/{{plural}}/{{name}}`
  const told = [
    '--cluster-uri',
    `/clusters/${uid}`,
    '--dashboard-url',
    dashboard,
    '--schema-base-url',
    schemaBase,
    '--json',
  ]
  const { stdout } = await run(process.execPath, [main, 'explain', ...given, ...told])
  return JSON.parse(stdout) as Explained
}
