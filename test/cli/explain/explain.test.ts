import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { parseDocuments } from '../../../src/cli/documents.ts'
import { type ExplainOptions, explainAll } from '../../../src/cli/explain/explain-all.ts'
import type { Explained } from '../../../src/cli/explain/explained.ts'
import { show } from '../../../src/cli/explain/show.ts'
import { unmetBy } from '../../../src/cli/explain/why-not.ts'
import { readCommand } from '../../../src/config/command.ts'
import { at, cluster, running, succeeded, taskRun } from '../../operator/scene.ts'

const ofRun = (more: object = {}) => ({ ...taskRun(succeeded(), { labels: { app: 'web' } }), ...more })

const subscription = (spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'carillon.dev/v1alpha1',
  kind: 'EventSubscription',
  metadata: { name: 'builds', namespace: 'team-a', ...metadata },
  spec: { sinks: [{ name: 'qe' }], ...spec },
})

const sink = (http: object = {}, more: object = {}) => ({
  apiVersion: 'carillon.dev/v1alpha1',
  kind: 'EventSink',
  metadata: { name: 'qe', namespace: 'team-a' },
  spec: { http: { url: 'https://qe.example.com/hook?token=t0ken', ...http }, ...more },
})

const documents = (...objects: object[]) => {
  const parsed = parseDocuments('a file', objects.map((one) => JSON.stringify(one)).join('\n---\n'))
  assert.ok(parsed.ok)
  return parsed.value
}

function explained(objects: object[], options: Partial<ExplainOptions> & { previous?: object[] } = {}) {
  const notes: string[] = []
  const { previous = [], ...rest } = options
  const made = explainAll(documents(...objects), documents(...previous), {
    namespace: 'default',
    adminNamespaces: new Set(['platform']),
    namespaceLabels: undefined,
    cluster,
    deletedAt: undefined,
    now: Date.parse(at(100)),
    note: (line) => notes.push(line),
    ...rest,
  })
  return { made, notes }
}

function told(objects: object[], options: Parameters<typeof explained>[1] = {}): Explained & { notes: string[] } {
  const { made, notes } = explained(objects, options)
  assert.ok(made.ok, made.ok ? '' : made.message)
  return { ...made.value, notes }
}

/** `<milestone> <verdict>[: why]`, or why nothing can match. */
function verdicts(...given: Parameters<typeof told>): string[] {
  return told(...given).explanations.flatMap(({ outOfReach, milestones }) => [
    ...(outOfReach ? [outOfReach] : []),
    ...milestones.map(({ name, verdict, why }) => `${name} ${verdict}${why ? `: ${why}` : ''}`),
  ])
}

test('a sink of another namespace is used where it lets the subscription in, as far as that was given', () => {
  const shared = (more: object, labels: object = {}) => ({
    ...sink({}, more),
    metadata: { name: 'shared', namespace: 'platform', labels },
  })
  const foreign = { sinks: [{ name: 'shared', namespace: 'platform', secretRef: { name: 'mine' } }] }
  const gold = { allowedNamespaces: { from: 'Selector', selector: { matchLabels: { tier: 'gold' } } } }
  const sent = (...given: Parameters<typeof told>) => {
    const { explanations, notes } = told(...given)
    const events = explanations.flatMap(({ milestones }) => milestones.flatMap((one) => one.events))
    return { to: [...new Set(events.map((one) => one.sink))], events, notes: notes.join('\n') }
  }
  const open = sent([subscription(foreign), shared({ allowedNamespaces: { from: 'All' } }), ofRun()])
  assert.deepEqual(open.to, ['platform/shared'])
  assert.equal(open.events[0]?.request.headers.authorization, '<key token, or username and password, of Secret mine>')
  const closed = sent([subscription(foreign), shared({}), ofRun()])
  assert.deepEqual(closed.to, [])
  assert.match(
    closed.notes,
    /SinkNotFound: EventSink platform\/shared was not found, or does not let namespace team-a in/,
  )
  const body = sent([subscription({ ...foreign, body: '1' }), shared({ allowedNamespaces: { from: 'All' } }), ofRun()])
  assert.match(body.notes, /BodyNotAllowed/)
  assert.deepEqual(sent([subscription(foreign), ofRun()]).to, ['platform/shared'])
  const unknown = sent([subscription(foreign), shared(gold), ofRun()])
  assert.deepEqual(unknown.to, ['platform/shared'])
  assert.match(unknown.notes, /those of team-a are not known: taken as let in/)
  assert.deepEqual(sent([subscription(foreign), shared(gold), ofRun()], { namespaceLabels: { tier: 'tin' } }).to, [])

  const none = { sinks: undefined }
  const label = { 'carillon.dev/default': 'true' }
  const all = { allowedNamespaces: { from: 'All' } }
  assert.deepEqual(sent([subscription(none), shared(all, label), ofRun()]).to, ['platform/shared'])
  assert.deepEqual(sent([subscription(none), ofRun()]).to, ['default sink'])
  const elsewhere = sent([subscription(none), shared(all, label), ofRun()], { adminNamespaces: new Set() })
  assert.match(elsewhere.notes, /platform\/shared is a default only in an admin namespace: --admin-namespace/)
})

suite('what a subscription makes of a run', () => {
  const wide = { namespaceSelector: { matchLabels: { team: 'a' } } }
  const admin = { namespace: 'platform' }
  const namespaceOf = (labels: object) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'team-a', labels },
  })
  const notAsked = 'not asked for; of TaskRun it is started, finished'
  const cases: [what: string, objects: object[], verdicts: string[], options?: Partial<ExplainOptions>][] = [
    ['its defaults', [subscription(), ofRun()], [`queued unselected: ${notAsked}`, 'started match', 'finished match']],
    [
      'another kind',
      [subscription({ events: [{ kind: 'PipelineRun' }, { kind: 'CustomRun' }] }), ofRun()],
      ['queued', 'started', 'finished'].map(
        (name) => `${name} unselected: TaskRun is not asked for; what is: PipelineRun, CustomRun`,
      ),
    ],
    [
      'labels',
      [
        subscription({
          events: [
            { kind: 'TaskRun', milestones: ['finished'], selector: { matchLabels: { app: 'api', tier: 'x' } } },
            { kind: 'TaskRun', milestones: ['started'], selector: { matchLabels: { app: 'web' } } },
          ],
        }),
        ofRun(),
      ],
      [
        'queued unselected: not asked for; of TaskRun it is finished, started',
        'started match',
        'finished unselected: the labels do not fit the selector: app must be "api", it is "web"; tier must be "x", there is none',
      ],
    ],
    [
      'what does not ask for it, and what does',
      [
        subscription({ onRequest: true, events: [{ kind: 'TaskRun', milestones: ['finished'] }] }),
        ofRun(),
        taskRun(succeeded(), { annotations: { 'carillon.dev/subscriptions': 'platform/builds' } }),
        taskRun(succeeded(), { annotations: { 'carillon.dev/subscriptions': 'builds' } }),
      ],
      ['it names none', 'it names platform/builds', undefined].flatMap((what) => [
        'queued unselected: not asked for; of TaskRun it is finished',
        'started unselected: not asked for; of TaskRun it is finished',
        what === undefined
          ? 'finished match'
          : `finished unselected: onRequest: the object's annotation carillon.dev/subscriptions must name team-a/builds; ${what}`,
      ]),
    ],
    [
      'a filter',
      [subscription({ filter: 'milestone.outcome == "failure"' }), ofRun()],
      [
        `queued unselected: ${notAsked}`,
        'started filtered: the filter is false: milestone.outcome == "failure"',
        'finished filtered: the filter is false: milestone.outcome == "failure"',
      ],
    ],
    [
      'a filter that fails',
      [
        subscription({ events: [{ kind: 'TaskRun', milestones: ['finished'] }], filter: 'object.spec.nothing == "a"' }),
        ofRun(),
      ],
      [
        'queued unselected: not asked for; of TaskRun it is finished',
        'started unselected: not asked for; of TaskRun it is finished',
        'finished filterFailed: the filter fails, which is no match: no such key: object.spec.nothing',
      ],
    ],
    [
      'another namespace',
      [subscription({}, { namespace: 'team-b' }), ofRun()],
      ['the object is in namespace team-a, and without namespaceSelector it is those of team-b only'],
    ],
    [
      'a namespaceSelector whose labels fit',
      [subscription(wide, admin), namespaceOf({ team: 'a' }), ofRun()],
      [`queued unselected: ${notAsked}`, 'started match', 'finished match'],
    ],
    [
      'a namespaceSelector whose labels do not',
      [subscription(wide, admin), namespaceOf({ team: 'b' }), ofRun()],
      ['namespace team-a does not fit namespaceSelector: team must be "a", it is "b"'],
    ],
    [
      'labels of namespaces by flag',
      [subscription(wide, admin), ofRun()],
      ['namespace team-a does not fit namespaceSelector: team must be "a", there is none'],
      { namespaceLabels: {} },
    ],
    [
      'every namespace',
      [subscription({ namespaceSelector: {} }, admin), ofRun()],
      [`queued unselected: ${notAsked}`, 'started match', 'finished match'],
    ],
    [
      'being suspended',
      [subscription({ suspend: true }), ofRun()],
      ['the subscription is suspended: nothing is matched'],
    ],
    [
      'a time to start from',
      [subscription({ startFrom: at(30) }), ofRun()],
      [
        `queued unselected: ${notAsked}`,
        `started before: it happened before the subscription counts, which is since ${at(30).replace('Z', '.000Z')}`,
        'finished match',
      ],
    ],
    [
      'what its status says of since when it counts',
      [{ ...subscription(), status: { sinks: [{ namespace: 'team-a', name: 'qe', since: at(90) }] } }, ofRun()],
      [
        `queued unselected: ${notAsked}`,
        ...['started', 'finished'].map(
          (name) =>
            `${name} before: it happened before the subscription counts, which is since ${at(90).replace('Z', '.000Z')}`,
        ),
      ],
    ],
  ]
  for (const [what, objects, expected, options] of cases)
    test(what, () => assert.deepEqual(verdicts(objects, options), expected))
})

suite('what shows only between two states', () => {
  const events = [{ kind: 'TaskRun', milestones: ['running', 'deleted'] }]
  const matching = (...given: Parameters<typeof told>) => {
    const [explanation] = told(...given).explanations
    const of = explanation?.milestones.filter(({ verdict }) => verdict === 'match').map(({ key }) => key)
    return [of, explanation?.absent.map(({ name }) => name)]
  }
  const now = taskRun(running())

  test('comes with a state that shows it, and not again', () => {
    assert.deepEqual(matching([subscription({ events }), now]), [['running/1'], ['deleted']])
    assert.deepEqual(matching([subscription({ events }), now], { previous: [taskRun()] }), [['running/1'], ['deleted']])
    assert.deepEqual(matching([subscription({ events }), now], { previous: [now] }), [[], ['running', 'deleted']])
    const other = { previous: [taskRun(running(), { name: 'another' })] }
    assert.deepEqual(matching([subscription({ events }), now], other), [['running/1'], ['deleted']])
  })

  test('is each change of what runs, where the mode asks for it', () => {
    const moved = (message: string, second: number) => {
      const one = running(second)
      return taskRun({ ...one, conditions: [{ ...one.conditions[0], message }] })
    }
    const each = {
      formats: ['tektonv1'],
      tekton: { mode: 'eachChange' },
      events: [{ kind: 'TaskRun', milestones: ['running'] }],
    }
    const [explanation] = told([subscription(each), moved('two', 5)], { previous: [moved('one', 2)] }).explanations
    const last = explanation?.milestones.at(-1)
    assert.deepEqual([last?.name, last?.verdict], ['changed', 'match'])
    assert.deepEqual(
      last?.events.map(({ type }) => type),
      ['dev.tekton.event.taskrun.running.v1'],
    )
    const labels = {
      ...each,
      events: [{ kind: 'TaskRun', milestones: ['running'], selector: { matchLabels: { a: 'b' } } }],
    }
    const why = told([subscription(labels), moved('two', 5)], {
      previous: [moved('one', 2)],
    }).explanations[0]?.milestones.at(-1)
    assert.equal(why?.why, 'the labels do not fit the selector: a must be "b", there is none')
  })

  test('is the delete, where the object is said to be gone and had not ended', () => {
    const deletedAt = Date.parse(at(50))
    assert.deepEqual(matching([subscription({ events }), now], { deletedAt }), [['running/1', 'deleted'], []])
    assert.deepEqual(matching([subscription({ events }), ofRun()], { deletedAt }), [[], ['running', 'deleted']])
  })
})

suite('the request', () => {
  const requestsOf = (...objects: object[]) => {
    const [explanation] = told(objects).explanations
    return explanation?.milestones.flatMap(({ events }) => events) ?? []
  }
  const finished = (more: object = {}) =>
    subscription({ events: [{ kind: 'TaskRun', milestones: ['finished'] }], ...more })

  test('is to the URL of the Service that the sink names', () => {
    const serviceRef = { name: 'hook', port: 8443, path: '/in', scheme: 'https' }
    const [event] = requestsOf(finished(), sink({ url: undefined, serviceRef }), ofRun())
    assert.equal(event?.request?.url, 'https://hook.team-a.svc:8443/in')
  })

  test('is in the mode of the sink, with its headers, and Secrets named, not read', () => {
    const http = {
      headers: [
        { name: 'X-Team', value: 'a' },
        { name: 'X-Key', valueFrom: { secretKeyRef: { name: 'keys', key: 'one' } } },
      ],
      auth: { bearer: { secretRef: { name: 'qe' } } },
      validation: { origin: 'carillon.example.com' },
    }
    const [binary] = requestsOf(finished(), sink(http), ofRun())
    assert.match(told([finished(), sink(http), ofRun()]).notes.join('\n'), /^Secrets \(keys, qe\) are not looked at: /m)
    const { headers = {}, body = '', url } = binary?.request ?? {}
    assert.equal(url, 'https://qe.example.com/hook?…')
    assert.equal(headers['x-team'], 'a')
    assert.equal(headers['x-key'], '<key one of Secret keys>')
    assert.equal(headers.authorization, 'Bearer <key token of Secret qe>')
    assert.equal(headers['webhook-request-origin'], 'carillon.example.com')
    assert.equal(headers['carillon-subscription'], 'team-a/builds')
    assert.equal(headers['ce-id'], binary?.id)
    assert.equal(JSON.parse(body).milestone.name, 'finished')
    const [structured] = requestsOf(finished(), sink({ mode: 'structured' }), ofRun())
    assert.deepEqual(JSON.parse(structured?.request.body ?? '').data, JSON.parse(body))
    assert.equal(structured?.request.headers['content-type'], 'application/cloudevents+json; charset=utf-8')
  })

  test('is a batch of the one event in mode batch, and what a body makes of it in any', () => {
    const [batch] = requestsOf(finished(), sink({ mode: 'batch' }), ofRun())
    assert.equal(batch?.request.headers['content-type'], 'application/cloudevents-batch+json; charset=utf-8')
    assert.deepEqual(
      (JSON.parse(batch?.request.body ?? '') as { id: string }[]).map(({ id }) => id),
      [batch?.id],
    )
    for (const mode of ['binary', 'structured', 'batch']) {
      const text = '{"text": object.metadata.name + " " + milestone.name}'
      const [plain] = requestsOf(finished({ body: text }), sink({ mode }), ofRun())
      assert.equal(plain?.request.body, '{"text":"build finished"}')
      assert.equal(plain?.request.headers['webhook-id'], plain?.id)
      assert.equal(plain?.request.headers['ce-id'], undefined)
    }
  })

  test('is there for each format and sink', () => {
    const both = finished({ sinks: [{ name: 'qe' }, { name: 'other' }], formats: ['tektonv1', 'cdevents'] })
    const { explanations, notes } = told([both, sink(), ofRun()])
    assert.deepEqual(
      explanations[0]?.milestones.flatMap(({ events }) => events.map(({ format, sink: to }) => `${format} ${to}`)),
      ['tektonv1 team-a/qe', 'tektonv1 team-a/other', 'cdevents team-a/qe', 'cdevents team-a/other'],
    )
    assert.deepEqual(notes, ['EventSink team-a/other was not given: taken for one that says nothing but its address'])
  })

  test('is made smaller, or a dead letter, where the limit is too small', () => {
    const long = ofRun({ spec: { params: [{ name: 'text', value: 'x'.repeat(3000) }] } })
    const limited = sink({}, { limits: { maxEventBytes: 2048 } })
    const full = { data: { content: 'full' } }
    const fate = (spec: object, of: object) =>
      requestsOf(finished(spec), of, long).map(({ verdict, bytes, limit }) => [verdict, bytes <= limit, limit])
    assert.deepEqual(fate(full, limited), [['reduced', true, 2048]])
    assert.deepEqual(fate(full, sink()), [['sent', true, 65_536]])
    assert.deepEqual(fate({}, limited), [['sent', true, 2048]])
    const extensions = Object.fromEntries([...'abcdefghij'].map((name) => [name, 'y'.repeat(256)]))
    assert.deepEqual(fate({ extensions }, limited), [['TooLarge', false, 2048]])
  })

  test('is not there for a format that has no event', () => {
    const deleted = subscription({
      formats: ['cloudevents', 'tektonv1'],
      events: [{ kind: 'TaskRun', milestones: ['deleted'] }],
    })
    const [explanation] = told([deleted, taskRun(running())], { deletedAt: Date.parse(at(50)) }).explanations
    const last = explanation?.milestones.at(-1)
    assert.deepEqual([last?.without, last?.events.map(({ format }) => format)], [['tektonv1'], ['cloudevents']])
  })

  test('is not there for an event that would not be valid: path and rule are told', () => {
    const broken = { cluster: { ...cluster, uri: 'a b' } }
    const { explanations } = told([finished({ formats: ['cdevents'] }), ofRun()], broken)
    const last = explanations[0]?.milestones.at(-1)
    assert.deepEqual([last?.verdict, last?.events, last?.without], ['match', [], []])
    assert.equal(last?.problems[0]?.reason, 'EventInvalid')
    assert.match(last?.problems[0]?.message ?? '', /\/context\/source must be a URI reference/)
  })
})

test('several subscriptions, runs and files in lists are each told of; what is none of these is passed over', () => {
  const list = { apiVersion: 'v1', kind: 'List', items: [ofRun(), taskRun(undefined, { name: 'two' })] }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'qe' } }
  const { explanations, notes } = told([subscription(), subscription({}, { name: 'more' }), sink(), secret, list])
  assert.deepEqual(
    explanations.map((one) => `${one.subscription} ${one.object.name}`),
    ['team-a/builds build', 'team-a/builds two', 'team-a/more build', 'team-a/more two'],
  )
  assert.deepEqual(notes, ['passed over: Secret qe'])
})

test('a subscription that names no namespace seems not to reach a run: the flag that says which is named', () => {
  const nameless = subscription({}, { namespace: undefined })
  const missed = told([nameless, sink(), ofRun()])
  assert.match(missed.explanations[0]?.outOfReach ?? '', /those of default only/)
  assert.ok(
    missed.notes.includes('what names no namespace is taken as of default, and a run is of team-a: see --namespace'),
    missed.notes.join(),
  )
  const reached = told([nameless, sink(), ofRun()], { namespace: 'team-a' })
  assert.deepEqual([reached.explanations[0]?.outOfReach, reached.notes], [undefined, []])
})

test('a run that never was in a cluster is told of, with what is made up', () => {
  const { apiVersion, kind, spec } = ofRun()
  const { explanations, notes } = told([
    subscription({ events: [{ kind: 'TaskRun', milestones: ['queued'] }] }, { namespace: undefined }),
    sink(),
    { apiVersion, kind, metadata: { name: 'mine' }, spec },
  ])
  assert.deepEqual(explanations[0]?.object, { kind: 'TaskRun', namespace: 'default', name: 'mine' })
  assert.equal(explanations[0]?.milestones[0]?.verdict, 'match')
  assert.match(notes.join('\n'), /has no metadata\.uid.*\n.*has no metadata\.creationTimestamp: taken as created now/)
})

suite('subscriptions and sinks that can not be used are told of, beside those that can', () => {
  const cases: [what: string, object: object, reason: string, problem: RegExp][] = [
    ['an unknown field', subscription({ filters: 'true' }, { name: 'x' }), 'Invalid', /^spec\.filters: unknown field/],
    ["the CRD's own rule", subscription({ tekton: {} }, { name: 'x' }), 'Invalid', /^spec: tekton is only for/],
    ['a filter', subscription({ filter: 'milestone.nam' }, { name: 'x' }), 'FilterInvalid', /^filter: line 1, column/],
    [
      'a selector outside admin namespaces',
      subscription({ namespaceSelector: {} }, { name: 'x' }),
      'NamespaceSelectorNotAllowed',
      /team-a is none/,
    ],
    [
      'a milestone without an event',
      subscription({ formats: ['tektonv1'], events: [{ kind: 'TaskRun', milestones: ['signed'] }] }, { name: 'x' }),
      'EventsInvalid',
      /no event for signed of TaskRun/,
    ],
    ['a sink', sink({ url: 'ftp://a' }), 'Invalid', /^spec\.http\.url: url must be absolute/],
  ]
  for (const [what, object, reason, problem] of cases) {
    test(what, () => {
      const { refused, explanations } = told([object, subscription(), ofRun()])
      assert.deepEqual([refused.length, refused[0]?.reason, explanations.length], [1, reason, 1])
      assert.match(refused[0]?.problems[0] ?? '', problem)
      if (reason === 'NamespaceSelectorNotAllowed')
        assert.match(refused[0]?.problems[1] ?? '', /--admin-namespace team-a/)
    })
  }
})

test('what is wrong with a subscription is told without an object to try it on', () => {
  const { refused, explanations } = told([subscription({ events: [{ kind: 'Pod', group: '' }] })])
  assert.deepEqual([refused.map(({ reason }) => reason), explanations], [['KindNotAllowed'], []])
})

suite('what can not be read is refused', () => {
  const cases: [what: string, objects: object[], message: RegExp][] = [
    ['no subscription', [ofRun()], /^there is no EventSubscription in what was given$/],
    ['no object', [subscription()], /^there is no object to try it on in what was given: /],
    [
      'a run of another version',
      [subscription(), ofRun({ apiVersion: 'tekton.dev/v1beta1' })],
      /TaskRun build has to be of tekton\.dev\/v1, as the operator reads it: kubectl get taskruns\.v1\.tekton\.dev build/,
    ],
    ['a run without a name', [subscription(), ofRun({ metadata: {} })], /a TaskRun without metadata\.name/],
  ]
  for (const [what, objects, message] of cases) {
    test(what, () => {
      const { made } = explained(objects)
      assert.ok(!made.ok)
      assert.equal(made.reason, 'InputInvalid')
      assert.match(made.message, message)
    })
  }
})

test('a subscription of a class is told of, and that not every operator looks at it', () => {
  const { explanations, notes } = told([
    subscription({}, { labels: { 'carillon.dev/class': 'blue' } }),
    sink(),
    ofRun(),
  ])
  assert.equal(explanations.length, 1)
  assert.deepEqual(notes, ['EventSubscription team-a/builds: only an operator with --class blue looks at it'])
})

test('what of a selector labels do not meet is told part by part', () => {
  const selector = {
    matchLabels: { a: '1', b: '2' },
    matchExpressions: [
      { key: 'a', operator: 'In', values: ['1'] },
      { key: 'c', operator: 'Exists' },
      { key: 'b', operator: 'NotIn', values: ['3', '4'] },
    ],
  }
  assert.deepEqual(unmetBy(selector, { a: '1', b: '3' }), [
    'b must be "2", it is "3"',
    'c Exists, there is none',
    'b NotIn 3 4, it is "3"',
  ])
  assert.deepEqual(unmetBy(selector, undefined).length, 4)
})

test('the text says all of it, and nothing of it can move the cursor', () => {
  const run = ofRun({ metadata: { ...(ofRun() as KubeObject).metadata, labels: { app: 'we\u001b[31mb' } } })
  const text = show(
    told([subscription({ data: { content: 'full' } }), subscription({ filter: '1' }, { name: 'bad' }), sink(), run]),
  )
  assert.match(text, /^EventSubscription team-a\/bad can't be used \(FilterInvalid\):\n {2}filter: /)
  assert.match(text, /\nEventSubscription team-a\/builds, TaskRun team-a\/build:\n/)
  assert.match(text, /\n {2}queued {2}2026-11-22T12:00:00\.000Z\n {4}no match: not asked for; /)
  assert.match(
    text,
    /\n {2}finished {2}\S+ {2}success, Succeeded\n {4}matches\n\n {4}cloudevents: dev\.carillon\S+: sent to team-a\/qe /,
  )
  assert.match(text, /\n {6}POST https:\/\/qe\.example\.com\/hook\?…\n {6}user-agent: carillon/)
  assert.ok(!text.includes('\u001b') && !text.includes('t0ken'))
})

suite('the command line', () => {
  const file = '/nowhere/run.yaml'
  const run = async (line: string, stdin = '') => {
    const command = readCommand(line.split(' '), {})
    if (!command.ok || command.value.name !== 'local') return { done: command, printed: '', notes: '' }
    const printed: string[] = []
    const notes: string[] = []
    const out = {
      print: (text: string) => void printed.push(text),
      note: (text: string) => void notes.push(`${text}\n`),
    }
    const around = { version: '1', now: 0, out, cluster: command.value.cluster, stdin: async () => stdin }
    const done = await command.value.run(around)
    return { done, printed: printed.join(''), notes: notes.join('') }
  }
  const both = [subscription(), ofRun()].map((one) => JSON.stringify(one)).join('\n---\n')

  test('gives JSON, YAML or a text', async () => {
    const line = 'explain --subscription - --object /dev/null'
    const json = await run(`${line} --json`, both)
    assert.ok(json.done.ok, JSON.stringify(json.done))
    assert.deepEqual(JSON.parse(json.printed).explanations[0].subscription, 'team-a/builds')
    assert.match(json.notes, /--cluster-uri was not given/)
    assert.equal((await run(`${line} -o json`, both)).printed, json.printed)
    assert.match((await run(`${line} -o yaml`, both)).printed, /^refused: \[\]\nexplanations:\n/)
    assert.match((await run(line, both)).printed, /^EventSubscription team-a\/builds, TaskRun team-a\/build:/)
  })

  test('takes all from stdin, whichever flags name it', async () => {
    const { done, printed } = await run('explain --subscription - --object - --sink - -o json', both)
    assert.ok(done.ok)
    assert.equal(JSON.parse(printed).explanations.length, 1)
  })

  test('tells once of what a file holds that is given for several flags', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'carillon-explain-'))
    try {
      const all = join(directory, 'all.yaml')
      const wrong = sink({ url: 'qe.example.com' })
      writeFileSync(all, [subscription(), ofRun(), wrong].map((one) => JSON.stringify(one)).join('\n---\n'))
      const { done, notes } = await run(`explain --subscription ${all} --object ${all} --sink ${all}`)
      assert.match(notes, /EventSink team-a\/qe can't be used: taken for one/)
      assert.equal(done.ok || done.message, "EventSink team-a/qe can't be used")
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test('says so where nothing matches, and is content', async () => {
    const nothing = [subscription({ events: [{ kind: 'PipelineRun' }] }), ofRun()].map((one) => JSON.stringify(one))
    const { done, notes } = await run('explain --subscription - --object /dev/null', nothing.join('\n---\n'))
    assert.ok(done.ok)
    assert.match(notes, /\nnothing matches\n$/)
  })

  const refused: [line: string, message: RegExp][] = [
    ['explain', /--subscription is needed/],
    ['explain --subscription a', /--object is needed/],
    ['explain --subscription a --object b -o xml', /--output must be one of text, json, yaml, not 'xml'/],
    ['explain --subscription a --object b -o yaml --json', /--json stands for --output json/],
    ['explain now', /unexpected argument 'now'; see 'carillon explain --help'/],
    [`explain --subscription ${file} --object ${file}`, /there is no file \/nowhere\/run\.yaml/],
    ['explain --subscription - --object - --namespace-labels a', /--namespace-labels 'a' must be name=value/],
    ['explain --subscription - --object - --dashboard-url {{nope}}', /--dashboard-url: .*nope/],
  ]
  for (const [line, message] of refused) {
    test(`carillon ${line} is refused`, async () => {
      const { done } = await run(line, both)
      assert.ok(!done.ok)
      assert.match(done.message, message)
      assert.ok(['FlagInvalid', 'InputInvalid'].includes(done.reason))
    })
  }

  test('the examples can be explained', async () => {
    const examples = new URL('../../../docs/examples/', import.meta.url).pathname
    const { done, printed } = await run(
      `explain --subscription ${examples}quickstart.yaml --object ${examples}pipelinerun.yaml --namespace team-a -o json`,
    )
    assert.ok(done.ok || done.reason === 'InputInvalid', JSON.stringify(done))
    assert.ok(printed === '' || JSON.parse(printed).explanations.length > 0)
  })
})
