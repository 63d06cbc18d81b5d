import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Document, parseDocuments } from '../../../src/cli/documents.ts'
import { settingsOf, type TektonSettings } from '../../../src/cli/import/tekton-settings.ts'
import { translate } from '../../../src/cli/import/translate.ts'
import { defaultOptions } from '../../../src/formats/options.ts'
import { tektonv1 } from '../../../src/formats/tekton/tektonv1.ts'
import { sources } from '../../../src/sources/index.ts'

const into = { namespace: 'platform', name: 'tekton', tektonNamespace: 'tekton-pipelines' }
const own = 'http://events.example.com/tekton'

function translated(settings: TektonSettings) {
  const verdict = translate(settings, into)
  assert.ok(verdict.ok, verdict.ok ? '' : verdict.message)
  const { sink, subscription, differences } = verdict.value
  const textOf = (todo: boolean) =>
    differences
      .filter((one) => one.todo === todo)
      .map(({ text }) => text)
      .join('\n')
  return { sink, subscription, todo: textOf(true), notes: textOf(false) }
}

const withSink = (sink: string, more: TektonSettings = {}): TektonSettings => ({ 'config-events': { sink }, ...more })

test("Tekton's settings become a sink and a subscription that sends every type that Tekton has", () => {
  const { sink, subscription } = translated(withSink(own))
  assert.deepEqual(sink, {
    apiVersion: 'carillon.dev/v1alpha1',
    kind: 'EventSink',
    metadata: { name: 'tekton', namespace: 'platform' },
    spec: { http: { url: own } },
  })
  const milestones = ['queued', 'started', 'unknown', 'running', 'finished']
  const { events, ...spec } = subscription.spec
  assert.deepEqual(spec, {
    sinks: [{ name: 'tekton' }],
    formats: ['tektonv1'],
    tekton: { mode: 'once', source: 'classic' },
    namespaceSelector: {},
  })
  assert.deepEqual(events?.slice(0, 2), [
    { kind: 'PipelineRun', milestones },
    { kind: 'TaskRun', milestones },
  ])
  assert.equal(events?.[2]?.kind, 'CustomRun')
  for (const { kind, milestones: chosen = [] } of events ?? []) {
    const source = sources[kind] ?? assert.fail(kind)
    const known = source.catalogue.filter(({ name }) => tektonv1.knows(source, name, defaultOptions))
    assert.deepEqual(
      chosen,
      known.map(({ name }) => name),
    )
  }
})

suite('the address is the one that Tekton takes', () => {
  const cases: [what: string, settings: TektonSettings, url: string][] = [
    ['sink of config-events', withSink(own), own],
    [
      'the old key of config-defaults',
      { 'config-defaults': { 'default-cloud-events-sink': 'https://old.example.com' } },
      'https://old.example.com',
    ],
    [
      'the old key, where sink is empty',
      withSink('', { 'config-defaults': { 'default-cloud-events-sink': 'https://old.example.com' } }),
      'https://old.example.com',
    ],
    [
      'sink, where both are set',
      withSink(own, { 'config-defaults': { 'default-cloud-events-sink': 'https://old.example.com' } }),
      own,
    ],
    ['in lower case, without a fragment', withSink('HTTP://Events.example.com/a#b'), 'http://events.example.com/a'],
    ['without its credentials', withSink('http://u:p%20w@events.example.com/a?b=c'), 'http://events.example.com/a?b=c'],
  ]
  for (const [what, settings, url] of cases) {
    test(what, () => assert.equal(translated(settings).sink.spec.http.url, url))
  }
})

test('CustomRuns are left out where Tekton sends none of them', () => {
  const kinds = (settings: TektonSettings) => translated(settings).subscription.spec.events?.map(({ kind }) => kind)
  const flagged = (value: string) => withSink(own, { 'feature-flags': { 'send-cloudevents-for-runs': value } })
  const version = (of: string) => ({ 'pipelines-info': { version: of } })
  assert.deepEqual(kinds(flagged('false')), ['PipelineRun', 'TaskRun'])
  assert.deepEqual(kinds(flagged('true')), ['PipelineRun', 'TaskRun', 'CustomRun'])
  assert.deepEqual(kinds(withSink(own, version('v1.12.0'))), ['PipelineRun', 'TaskRun', 'CustomRun'])
  assert.deepEqual(kinds(withSink(own, version('v1.9.2'))), ['PipelineRun', 'TaskRun'])
})

test('what is older than v1.12 is imported as it sends: at each change, and without queued', () => {
  for (const version of ['v1.11.0', 'v0.68.1']) {
    const { subscription, notes } = translated(withSink(own, { 'pipelines-info': { version } }))
    assert.equal(subscription.spec.tekton?.mode, 'eachChange', version)
    assert.ok(!subscription.spec.events?.some(({ milestones }) => milestones?.includes('queued')))
    assert.match(notes, new RegExp(`Tekton ${version} is older than v1\\.12`))
    assert.doesNotMatch(notes, /next to never/)
  }
  for (const version of ['v1.12.0', 'v1.15.0', 'v2.0.0', 'devel'])
    assert.equal(translated(withSink(own, { 'pipelines-info': { version } })).subscription.spec.tekton?.mode, 'once')
})

test('a sink in the cluster, or at a private address, is said to need the leave of the administrator', () => {
  const isTold = (url: string) => translated(withSink(url)).todo.includes('addresses are refused')
  for (const host of [
    ...['el-listener.team-a', 'el-listener.team-a.svc', 'el-listener.team-a.svc.cluster.local', 'broker', 'localhost'],
    ...['10.0.0.1', '127.0.0.1:8080', '[fd00::1]', '169.254.169.254', 'box.local'],
  ])
    assert.equal(isTold(`http://${host}/`), host !== 'el-listener.team-a', host)
  for (const host of ['events.example.com', '8.8.8.8', '[2606:4700::1111]']) assert.ok(!isTold(`http://${host}/`), host)
})

test("it is said how to unset Tekton's own sink, wherever it is set", () => {
  const old = { 'config-defaults': { 'default-cloud-events-sink': own } }
  const patches = (settings: TektonSettings) => translated(settings).todo.match(/patch configmap (\S+)/g)
  assert.deepEqual(patches(withSink(own)), ['patch configmap config-events'])
  assert.deepEqual(patches(old), ['patch configmap config-defaults'])
  assert.deepEqual(patches(withSink(own, old)), ['patch configmap config-events', 'patch configmap config-defaults'])
})

test('credentials in the address go into a Secret, and neither they nor the query are repeated', () => {
  const { sink, todo, notes } = translated(withSink('http://anna:s3cret@events.example.com/a?token=t0ken'))
  assert.deepEqual(sink.spec.http.auth, { basic: { secretRef: { name: 'tekton-basic' } } })
  assert.match(todo, /create secret generic tekton-basic .* label secret tekton-basic carillon\.dev\/credential=true/)
  assert.match(notes, /The address has a query/)
  assert.doesNotMatch(todo + notes, /anna|s3cret|t0ken/)
})

test('what was not given, and what Tekton would not take, is said', () => {
  const { notes } = translated(withSink(own, { 'config-events': { sink: own, formats: 'tektonv1, cdevents' } }))
  assert.match(notes, /formats of config-events holds something else than tektonv1/)
  assert.match(notes, /ConfigMap feature-flags was not given/)
  assert.match(notes, /version is not known/)
})

suite('refused is', () => {
  const cases: [what: string, settings: TektonSettings, reason: string, message: RegExp][] = [
    ['nothing', withSink('', { 'feature-flags': {} }), 'NothingToImport', /Tekton sends no CloudEvents/],
    ['an address without a scheme', withSink('events.example.com'), 'InputInvalid', /sink of config-events is no http/],
    ['another scheme', withSink('kafka://a:p@b/'), 'InputInvalid', /^sink of config-events is no http or https URL/],
    [
      'the same in config-defaults',
      { 'config-defaults': { 'default-cloud-events-sink': 'x' } },
      'InputInvalid',
      /^default-cloud-events-sink of config-defaults is no/,
    ],
    [
      'a flag that is none',
      withSink(own, { 'feature-flags': { 'send-cloudevents-for-runs': 'yes' } }),
      'InputInvalid',
      /neither true nor false/,
    ],
  ]
  for (const [what, settings, reason, message] of cases) {
    test(what, () => {
      const verdict = translate(settings, into)
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, reason)
      assert.match(verdict.message, message)
    })
  }
})

suite('ConfigMaps are read', () => {
  const read = (...texts: string[]) => {
    const documents: Document[] = []
    for (const [index, text] of texts.entries()) {
      const parsed = parseDocuments(`file ${index + 1}`, text)
      if (!parsed.ok) return parsed
      documents.push(...parsed.value)
    }
    return settingsOf(documents)
  }
  const map = (name: string, data: object) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })
  const found = { 'config-events': { sink: own }, 'feature-flags': { a: 'true' } }

  test('from documents, files and the lists that kubectl writes; others are passed over', () => {
    const [events, flags, other] = [
      map('config-events', found['config-events']),
      map('feature-flags', found['feature-flags']),
      map('config-logging', { a: 'b' }),
    ]
    const value = { ok: true, value: found }
    assert.deepEqual(read(`${events}\n---\n${other}\n---\n${flags}\n---\n`), value)
    assert.deepEqual(read(events, flags), value)
    assert.deepEqual(read(`{"apiVersion": "v1", "kind": "List", "items": [${events}, ${other}, ${flags}]}`), value)
  })

  const cases: [what: string, texts: string[], message: RegExp][] = [
    [
      'none of them',
      [map('other', {})],
      /^there is none of the ConfigMaps config-events, config-defaults, feature-flags in what was given$/,
    ],
    ['nothing', [''], /^there is none of the ConfigMaps/],
    ['no YAML', ['a: ['], /^file 1 is no YAML: [^\n]+$/],
    ['an alias to nothing', ['a: *b'], /^file 1 is no YAML: [^\n]+$/],
    ['no object', ['- a'], /^file 1 holds something without a kind: no Kubernetes object/],
    ['one twice', [map('config-events', {}), map('config-events', {})], /^ConfigMap config-events is given twice/],
    ['a value that is no text', [map('feature-flags', { b: true })], /the value of 'b' is no text; put it into quotes/],
  ]
  for (const [what, texts, message] of cases) {
    test(`not with ${what}`, () => {
      const verdict = read(...texts)
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, 'InputInvalid')
      assert.match(verdict.message, message)
    })
  }
})
