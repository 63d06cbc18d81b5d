import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { bareObject } from '../../src/formats/bare.ts'
import { compileBody, withBody } from '../../src/formats/body.ts'
import { formats } from '../../src/formats/index.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { declaredEvents } from '../../src/formats/user-events/declared-events.ts'
import { namesCredential } from '../../src/sources/credential-names.ts'
import { input, run, toldBy } from './runs.ts'
import { declaration, declaring } from './user-events/runs.ts'

const naming = [
  'token',
  'example.com/apiToken',
  'example.com/API_KEY',
  'example.com/api.key',
  'db-password',
  'db-passwd',
  'vault.hashicorp.com/agent-inject-secret-config',
  'pipelinesascode.tekton.dev/git-auth-secret',
  'credentials.example.com/of',
  'example.com/private-key',
  'example.com/ssh_key',
  'example.com/Authorization',
  'example.com/dockerconfigjson',
  'example.com/dockercfg',
  'example.com/kubeconfig',
  'example.com/session-cookie',
  'example.com/git-creds',
  'example.com/db.pwd',
  'example.com/JWT',
  'example.com/oauth-app',
  'example.com/registry-auth',
  'auth.example.com/of',
]

const plain = [
  'tekton.dev/pipelinerunSpanContext',
  'tekton.dev/taskrunSpanContext',
  'chains.tekton.dev/signed',
  'chains.tekton.dev/transparency',
  'results.tekton.dev/record',
  'pipelinesascode.tekton.dev/sha-title',
  'pipelinesascode.tekton.dev/git-provider',
  'build.appstudio.openshift.io/repo',
  'build.appstudio.redhat.com/commit_sha',
  'tekton.dev/v1beta1ResourcesResult',
  'tekton.dev/displayName',
  'carillon.dev/events',
  'cd.artifact.packaged',
  'example.com/author',
  'example.com/authentic',
  'example.com/last-applied-by',
  'example.com/monkey',
  'app.kubernetes.io/keyboard',
]

test('annotations that name credentials are told by their keys, those of Tekton and its kin are not among them', () => {
  assert.deepEqual(
    naming.filter((key) => !namesCredential(key)),
    [],
  )
  assert.deepEqual(plain.filter(namesCredential), [])
})

test('docs/security.md lists the words', () => {
  const page = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8')
  const listed = /^Words: (.*?)\.$/ms.exec(page)?.[1] ?? ''
  const words = [...listed.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)
  assert.ok(words.length > 15)
  assert.deepEqual(
    words.filter((word) => !namesCredential(`example.com/${word}`)),
    [],
  )
  // Each alternative of the pattern is listed: a word less, and some key is no longer told.
  assert.deepEqual(
    naming.filter(
      (key) => !words.some((word) => key.toLowerCase().replace(/[-._]/g, '').includes(word.replace(/[-._]/g, ''))),
    ),
    [],
  )
})

test('no format sends them, nor managedFields, nor what kubectl last applied', () => {
  const object = run('taskrun-rich')
  const annotations = {
    ...Object.fromEntries(naming.map((key) => [key, 'canary'])),
    'kubectl.kubernetes.io/last-applied-configuration': 'canary',
    'example.com/kept': 'yes',
  }
  const managedFields = [{ manager: 'canary', time: '2026-03-02T09:00:00Z' }]
  const secretive = { ...object, metadata: { ...object.metadata, annotations, managedFields } }
  assert.deepEqual(bareObject(secretive).metadata.annotations, { 'example.com/kept': 'yes' })
  const include = [
    ['metadata'],
    ['metadata', 'annotations'],
    ['metadata', 'annotations', 'token'],
    ['metadata', 'managedFields'],
  ]
  const options = { ...defaultOptions, data: { include, redact: [] } }
  for (const format of Object.values(formats)) {
    for (const content of ['summary', 'full'] as const) {
      const [event] = format.encode(input(secretive, toldBy(secretive, 'finished'), { content, options })).events
      assert.ok(event)
      assert.ok(!JSON.stringify(event).includes('canary'), `${format.name} ${content}`)
      if (content === 'full') assert.ok(event.data?.includes('example.com/kept'), format.name)
    }
  }
})

test('copies of the object in annotations of other tools stay in the cluster, too', () => {
  const object = run('taskrun-rich')
  const copies = [
    'kubectl.kubernetes.io/last-applied-configuration',
    'kapp.k14s.io/original',
    'objectset.rio.cattle.io/applied',
    'banzaicloud.com/last-applied',
    'kopf.zalando.org/last-handled-configuration',
  ]
  const annotations = { ...Object.fromEntries(copies.map((name) => [name, 'canary'])), kept: 'yes' }
  const bare = bareObject({ ...object, metadata: { ...object.metadata, annotations } })
  assert.deepEqual(bare.metadata.annotations, { kept: 'yes' })
})

test('how Pipelines as Code gets into a repository stays in the cluster, and so do the copies that Konflux makes of it', () => {
  const object = run('pipelinerun-rich')
  const names = ['controller-info', 'installation-id', 'on-cel-expression', 'git-auth-secret']
  const setup = ['pipelinesascode.tekton.dev', 'pac.test.appstudio.openshift.io'].flatMap((prefix) =>
    names.map((name) => `${prefix}/${name}`),
  )
  const sha = { 'pipelinesascode.tekton.dev/sha': '6feccf5' }
  const annotations = { ...Object.fromEntries(setup.map((name) => [name, 'canary'])), ...sha }
  const bare = bareObject({ ...object, metadata: { ...object.metadata, annotations } })
  assert.deepEqual(bare.metadata.annotations, sha)
})

test('nor do annotations leave that a run has for what is to be created for it, however they are asked for', () => {
  const metadata = { annotations: { 'example.com/api-token': 'canary', kept: 'yes' } }
  const pipelineSpec = { tasks: [{ name: 'a', taskSpec: { metadata, steps: [] } }] }
  const object = run('pipelinerun-rich')
  const secretive: KubeObject = {
    ...object,
    spec: { ...object.spec, pipelineSpec, taskRunSpecs: [{ pipelineTaskName: 'a', metadata }] },
    status: { ...object.status, pipelineSpec, ...metadata },
  }
  const copy = structuredClone(secretive)
  const include = [['spec'], ['status', 'annotations'], ['spec', 'taskRunSpecs', '0', 'metadata', 'annotations']]
  const options = { ...defaultOptions, data: { include, redact: [] } }
  const body = compileBody('[object, object.spec.taskRunSpecs[0].metadata.annotations, event.data]')
  assert.ok(body.ok)
  for (const format of [...Object.values(formats), withBody(formats.cloudevents, body.value)]) {
    for (const content of ['summary', 'full'] as const) {
      const [event] = format.encode(input(secretive, toldBy(secretive, 'finished'), { content, options })).events
      assert.ok(event?.data?.includes('"kept":"yes"'), format.name)
      assert.ok(!JSON.stringify(event).includes('canary'), `${format.name} ${content}`)
    }
  }
  assert.deepEqual(secretive, copy)
  const untouched = bareObject(object)
  assert.equal(untouched.spec, object.spec)
})

test('no declaration of an event can read them', () => {
  const read = (key: string) => ({ cel: `object.metadata.annotations[?"${key}"].orValue("gone")` })
  const declared = declaration({ customData: { token: read('example.com/api-token'), kept: read('example.com/kept') } })
  const more = (run: KubeObject) =>
    Object.assign(run.metadata.annotations ?? {}, { 'example.com/api-token': 'canary', 'example.com/kept': 'yes' })
  const { events, problems } = declaredEvents(declaring([declared], { more }))
  assert.deepEqual([events[0]?.customData, problems], [{ token: 'gone', kept: 'yes' }, []])
})
