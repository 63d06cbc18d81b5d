import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { bareObject } from '../../src/formats/bare.ts'
import { namesCredential } from '../../src/formats/credential-names.ts'
import { formats } from '../../src/formats/index.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { declaredEvents } from '../../src/formats/user-events/declared-events.ts'
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

test('no declaration of an event can read them', () => {
  const read = (key: string) => ({ cel: `object.metadata.annotations[?"${key}"].orValue("gone")` })
  const declared = declaration({ customData: { token: read('example.com/api-token'), kept: read('example.com/kept') } })
  const more = (run: KubeObject) =>
    Object.assign(run.metadata.annotations ?? {}, { 'example.com/api-token': 'canary', 'example.com/kept': 'yes' })
  const { events, problems } = declaredEvents(declaring([declared], { more }))
  assert.deepEqual([events[0]?.customData, problems], [{ token: 'gone', kept: 'yes' }, []])
})
