import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { compileDashboard } from '../../src/formats/dashboard.ts'
import { sources } from '../../src/sources/index.ts'
import type { Source } from '../../src/sources/source.ts'

const source = sources.TaskRun as Source
const object = (metadata: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'TaskRun',
  metadata: { name: 'a', namespace: 'team-a', uid: 'u-1', resourceVersion: '1', creationTimestamp: '', ...metadata },
})

function url(template: string | undefined, of: KubeObject = object(), from: Source = source): string {
  const compiled = compileDashboard(template, 'https://10.0.0.1:6443/')
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.message)
  return compiled.value(from, of)
}

test('without a template it is the object at the API server', () => {
  assert.equal(url(undefined), 'https://10.0.0.1:6443/apis/tekton.dev/v1/namespaces/team-a/taskruns/a')
  assert.equal(url(''), url(undefined))
  const core: Source = { ...source, group: '', version: 'v1', plural: 'namespaces' }
  const clusterScoped = object()
  delete clusterScoped.metadata.namespace
  assert.equal(url(undefined, clusterScoped, core), 'https://10.0.0.1:6443/api/v1/namespaces/a')
})

test('a template takes every placeholder, with spaces or without', () => {
  assert.equal(
    url(
      'https://d.example.com/{{group}}/{{version}}/{{kind}}/{{plural}}/{{ namespace }}/{{name}}?uid={{uid}}#{{name}}',
    ),
    'https://d.example.com/tekton.dev/v1/TaskRun/taskruns/team-a/a?uid=u-1#a',
  )
  assert.equal(url('https://{{namespace}}.example.com/{{name}}'), 'https://team-a.example.com/a')
  assert.equal(url('https://d.example.com/'), 'https://d.example.com/')
})

test('values are percent-encoded: none can leave its place', () => {
  assert.equal(
    url('https://d.example.com/{{name}}', object({ name: '../?x=#{{uid}}\ud800' })),
    'https://d.example.com/..%2F%3Fx%3D%23%7B%7Buid%7D%7D%EF%BF%BD',
  )
})

test('what may not stand in a URI is percent-encoded in the template too', () => {
  assert.equal(
    url('https://d.example.com/runs of {a|b}/ü?q="{{name}}"#/{{name}}'),
    'https://d.example.com/runs%20of%20%7Ba%7Cb%7D/%C3%BC?q=%22a%22#/a',
  )
})

test('a bad template is refused with the placeholders that there are, and never repeats a password', () => {
  const table: [string, RegExp][] = [
    ['https://d.example.com/{{pod}}', /\{\{pod\}\} is not known/],
    ['https://d.example.com/{{constructor}}', /\{\{constructor\}\} is not known/],
    ['https://d.example.com/{{}}', /\{\{\}\} is not known/],
    ['https://d.example.com/{{name', /no partner/],
    ['https://d.example.com/name}}', /no partner/],
    ['d.example.com/{{name}}', /no http or https URL/],
    ['/{{name}}', /no http or https URL/],
    ['javascript:alert({{name}})', /no http or https URL/],
    ['https://d.example.com/#/runs#{{name}}', /no URI/],
    ['https://d.example.com/100%/{{name}}', /no URI/],
    ['https://d.example.com/?of[]={{name}}', /no URI/],
    ['https://ann:hunter2@d.example.com/{{name}}', /holds credentials/],
  ]
  for (const [template, message] of table) {
    const verdict = compileDashboard(template, 'https://10.0.0.1:6443')
    assert.ok(!verdict.ok, template)
    assert.equal(verdict.reason, 'InvalidDashboardURL')
    assert.match(verdict.message, message)
    assert.match(
      verdict.message,
      /\{\{namespace\}\}, \{\{name\}\}, \{\{uid\}\}, \{\{kind\}\}, \{\{plural\}\}, \{\{group\}\}, \{\{version\}\}/,
    )
    assert.equal(verdict.message.includes('hunter2'), false)
  }
})
