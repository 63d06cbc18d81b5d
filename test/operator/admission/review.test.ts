import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPolicy } from '../../../src/api/policy.ts'
import { compileEgress } from '../../../src/delivery/egress.ts'
import { formats } from '../../../src/formats/index.ts'
import { type ReviewDeps, review, reviewed } from '../../../src/operator/admission/review.ts'
import { knownSources } from '../../../src/sources/index.ts'

const egress = compileEgress(defaultPolicy.egress)
assert.ok(egress.ok)

const deps: ReviewDeps = {
  sources: knownSources,
  formats,
  class: undefined,
  watchNamespaces: [],
  policy: () => ({ ...defaultPolicy, adminNamespaces: new Set(['platform']) }),
  checkUrl: egress.value.check,
}

type Object = { metadata: Record<string, unknown>; spec: unknown }

const subscription = (spec: object, metadata: object = {}): Object => ({
  metadata: { name: 'builds', namespace: 'team-a', ...metadata },
  spec: { sinks: [{ name: 'qe' }], ...spec },
})

const sink = (http: object, spec: object = {}, metadata: object = {}): Object => ({
  metadata: { name: 'qe', namespace: 'team-a', ...metadata },
  spec: { http: { url: 'https://events.example.com/', ...http }, ...spec },
})

const kindOf = ({ spec }: Object) => (Object.hasOwn(spec as object, 'http') ? 'EventSink' : 'EventSubscription')

const asked = (object: Object, request: object = {}) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u1',
    kind: { group: 'carillon.dev', version: 'v1alpha1', kind: kindOf(object) },
    operation: 'CREATE',
    namespace: 'team-a',
    object: { apiVersion: 'carillon.dev/v1alpha1', kind: kindOf(object), ...object },
    ...request,
  },
})

/** `<reason>: <message>`, or undefined where it was let through. */
function refusalOf(body: unknown, given: Partial<ReviewDeps> = {}): string | undefined {
  const verdict = review(body, { ...deps, ...given })
  assert.ok(verdict.ok, JSON.stringify(verdict))
  const { refusal } = verdict.value
  return refusal && `${refusal.reason}: ${refusal.message}`
}

const refused: Record<string, [Object, RegExp]> = {
  'a filter that does not compile': [subscription({ filter: 'milestone.nam ==' }), /^FilterInvalid: filter: .*1/],
  'a filter that is no condition': [subscription({ filter: '"a"' }), /^FilterInvalid: .*true or false/],
  'a body that does not compile': [subscription({ body: '{"a": ' }), /^BodyInvalid: body: /],
  'a body of two formats': [subscription({ body: '{}', formats: ['cloudevents', 'cdevents'] }), /^BodyInvalid: .*one/],
  'a milestone that there is not': [
    subscription({ events: [{ kind: 'TaskRun', milestones: ['ended'] }] }),
    /^EventsInvalid: TaskRun has no milestone ended/,
  ],
  'a kind that nobody knows': [subscription({ events: [{ kind: 'Nothing' }] }), /^EventsInvalid: unknown kind Nothing/],
  'a milestone of its own that does not compile': [
    subscription({ events: [{ kind: 'TaskRun', define: [{ name: 'slow', when: 'object.' }] }] }),
    /^DefineInvalid: define slow of TaskRun/,
  ],
  'extensions that are taken': [subscription({ extensions: { source: 'x' } }), /^ExtensionsInvalid: .*source/],
  'events of authors that CDEvents has not': [
    subscription({ formats: ['cdevents'], userEvents: { types: ['dev.cdevents.nothing.happened'] } }),
    /^UserEventsInvalid: .*nothing\.happened/,
  ],
  'a beginning that is no time': [subscription({ startFrom: 'yesterday' }), /^StartFromInvalid: .*yesterday/],
  'a kind that may hold secrets': [
    subscription({ events: [{ kind: 'Secret', group: 'core' }] }, { namespace: 'platform' }),
    /^KindNotAllowed: Secret/,
  ],
  'a kind that the administrator did not list': [
    subscription({ events: [{ kind: 'Certificate', group: 'cert-manager.io' }] }),
    /^KindNotAllowed: .*tenantKinds/,
  ],
  'a namespaceSelector of a tenant': [
    subscription({ namespaceSelector: {} }),
    /^NamespaceSelectorNotAllowed: .*team-a/,
  ],
  'times that do not fit each other': [
    sink({}, { retry: { initialDelay: '2h', maxDelay: '1h' } }),
    /^RetryInvalid: .*initialDelay/,
  ],
  'a time that is none': [sink({ timeout: 'soon' }), /^DurationInvalid: http\.timeout/],
  'an address that is not to be reached': [sink({ url: 'http://169.254.169.254/' }), /^AddressRefused: .*169\.254/],
  'such an address in other clothes': [sink({ url: 'http://0x7f.1/' }), /^AddressRefused: /],
  'a token from such an address': [
    sink({ auth: { oauth2: { tokenURL: 'http://127.0.0.1/token', secretRef: { name: 'qe' } } } }),
    /^AddressRefused: http\.auth\.oauth2\.tokenURL: /,
  ],
  'a URL with a password': [sink({ url: 'https://a:b@events.example.com/' }), /^InvalidURL: .*credentials/],
  'a header that others set': [sink({ headers: [{ name: 'User-Agent', value: 'x' }] }), /^InvalidHeader: .*User-Agent/],
  'two headers of one name': [
    sink({
      headers: [
        { name: 'A', value: 'x' },
        { name: 'a', value: 'y' },
      ],
    }),
    /^InvalidHeader: .*twice/,
  ],
}

for (const [name, [object, expected]] of Object.entries(refused)) {
  test(`refused: ${name}`, () => assert.match(refusalOf(asked(object)) ?? 'let through', expected))
}

test('refused is what was changed for the worse, and not what was wrong already', () => {
  const good = subscription({})
  const bad = subscription({ filter: 'nonsense' })
  const update = (object: Object, oldObject: Object) => asked(object, { operation: 'UPDATE', oldObject })
  assert.match(refusalOf(update(bad, good)) ?? '', /^FilterInvalid/)
  assert.equal(refusalOf(update({ ...bad, metadata: { ...bad.metadata, finalizers: [] } }, bad)), undefined)
  const suspended = review(update(subscription({ filter: 'nonsense', suspend: true }), bad), deps)
  assert.ok(suspended.ok && suspended.value.refusal === undefined)
  assert.match(suspended.value.warnings.join(), /^FilterInvalid, as before: filter: /)
  const worse = subscription({ filter: 'nonsense', startFrom: 'never', extensions: { id: 'x' } })
  assert.match(refusalOf(update(worse, bad)) ?? '', /^ExtensionsInvalid/)
})

test('an object that becomes of this class is looked at, though its spec is as it was', () => {
  const labels = { 'carillon.dev/class': 'blue' }
  const bad = { filter: 'nonsense' }
  const moved = asked(subscription(bad), { operation: 'UPDATE', oldObject: subscription(bad, { labels }) })
  assert.match(refusalOf(moved) ?? '', /^FilterInvalid/)
  assert.equal(refusalOf(moved, { class: 'blue' }), undefined)
})

const bad = subscription({ filter: 'nonsense' })
const passed: Record<string, [body: unknown, given?: Partial<ReviewDeps>]> = {
  'what is right': [asked(subscription({ filter: 'milestone.outcome == "failure"' }))],
  'a sink whose Secret nobody has looked for': [asked(sink({ auth: { bearer: { secretRef: { name: 'none' } } } }))],
  'a name that nobody has resolved': [asked(sink({ url: 'https://nowhere.invalid/' }))],
  'an administrator’s namespaceSelector': [
    asked(subscription({ namespaceSelector: {} }, { namespace: 'platform' }), { namespace: 'platform' }),
  ],
  'what another class serves': [asked(subscription({ filter: 'x' }, { labels: { 'carillon.dev/class': 'blue' } }))],
  'what has no class, where one is served': [asked(bad), { class: 'blue' }],
  'a namespace that is not watched': [asked(bad), { watchNamespaces: ['team-b'] }],
  'a name that is still to be given': [
    asked({ metadata: { generateName: 'a-', namespace: 'team-a' }, spec: { onRequest: true } }),
  ],
  'what is being deleted': [asked(subscription({ filter: 'x' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }))],
  'a deletion': [asked(bad, { operation: 'DELETE', object: null, oldObject: bad })],
  'a status': [asked(bad, { subResource: 'status' })],
  'another kind': [asked(bad, { kind: { group: 'carillon.dev', version: 'v1alpha1', kind: 'Other' } })],
  'another version': [asked(bad, { kind: { group: 'carillon.dev', version: 'v2', kind: 'EventSubscription' } })],
  'another group': [asked(bad, { kind: { group: 'apps', version: 'v1alpha1', kind: 'EventSubscription' } })],
  'a dry run of what is right': [asked(subscription({}), { dryRun: true })],
}

for (const [name, [body, given]] of Object.entries(passed)) {
  test(`let through: ${name}`, () => assert.equal(refusalOf(body, given), undefined))
}

test('where few namespaces are watched, those of admins are looked at, too', () => {
  const body = asked(subscription({ filter: 'x' }, { namespace: 'platform' }), { namespace: 'platform' })
  assert.match(refusalOf(body, { watchNamespaces: ['team-a'] }) ?? '', /^FilterInvalid/)
})

const strange: Record<string, [spec: object, warning: RegExp]> = {
  'a field of another version': [{ filter: 'nonsense', later: true }, /^not looked at: spec\.later: unknown field/],
  'lists without end': [
    { events: Array.from({ length: 100_000 }, () => ({ kind: 'TaskRun' })) },
    /^not looked at: spec\.events: must have at most 32/,
  ],
  'sets without end': [
    {
      formats: ['cdevents'],
      userEvents: { types: Array.from({ length: 100_000 }, (_, at) => `dev.cdeventsx.a-${at}`) },
    },
    /^not looked at: spec\.userEvents\.types: must have at most 64/,
  ],
  'maps without end': [
    { extensions: Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`a${at}`, 'b'])) },
    /^not looked at: spec\.extensions: must have at most 16/,
  ],
  'another type': [{ filter: { a: 'b' } }, /^not looked at: spec\.filter: must be of type string/],
  'no sinks to speak of': [{ sinks: 7 }, /^not looked at: spec\.sinks: must be of type array/],
}

for (const [name, [spec, warning]] of Object.entries(strange)) {
  test(`what the API server would not take is let through unlooked: ${name}`, () => {
    const verdict = review(asked(subscription(spec)), deps)
    assert.ok(verdict.ok && !verdict.value.refusal)
    assert.match(verdict.value.warnings.join(), warning)
  })
}

test('let through unlooked is what is no object, and what is of another kind than was asked about', () => {
  for (const object of [null, [], 'a', {}, { metadata: { namespace: 'team-a' } }])
    assert.equal(refusalOf(asked(bad, { object })), undefined)
  const kind = { group: 'carillon.dev', version: 'v1alpha1', kind: 'EventSink' }
  assert.equal(refusalOf(asked(bad, { kind })), undefined)
})

test('policy is read at each review', () => {
  let adminNamespaces = new Set<string>()
  const policy = () => ({ ...defaultPolicy, adminNamespaces })
  const body = asked(subscription({ namespaceSelector: {} }))
  assert.match(refusalOf(body, { policy }) ?? '', /^NamespaceSelectorNotAllowed/)
  adminNamespaces = new Set(['team-a'])
  assert.equal(refusalOf(body, { policy }), undefined)
})

test('warns of what works, and is hardly meant', () => {
  const warnings = (object: Object) => {
    const verdict = review(asked(object), deps)
    assert.ok(verdict.ok && !verdict.value.refusal)
    return verdict.value.warnings.join('\n')
  }
  const bearer = { auth: { bearer: { secretRef: { name: 'qe' } } } }
  assert.match(warnings(sink({ url: 'http://events.example.com/', ...bearer })), /sent in clear/)
  assert.equal(warnings(sink(bearer)), '')
  assert.equal(warnings(sink({ url: 'http://events.example.com/' })), '')
  assert.match(warnings(sink({}, { deadLetters: { sinkRef: { name: 'qe' } } })), /the sink itself/)
})

test('the answer is an AdmissionReview that says why', () => {
  const verdict = review(asked(bad), deps)
  assert.ok(verdict.ok)
  const { response, ...rest } = reviewed(verdict.value) as { response: Record<string, unknown> }
  assert.deepEqual(rest, { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' })
  const { message, ...status } = response.status as Record<string, unknown>
  assert.deepEqual([response.uid, response.allowed, response.warnings], ['u1', false, undefined])
  assert.deepEqual(status, { status: 'Failure', code: 422, reason: 'FilterInvalid' })
  assert.match(String(message), /^filter: /)
})

const malformed: Record<string, unknown> = {
  nothing: undefined,
  null: null,
  'a text': 'AdmissionReview',
  'an empty object': {},
  'another kind': { ...asked(bad), kind: 'Review' },
  'another version': { ...asked(bad), apiVersion: 'admission.k8s.io/v1beta1' },
  'no request': { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
  'no uid': asked(bad, { uid: '' }),
}

for (const [name, body] of Object.entries(malformed)) {
  test(`no review: ${name}`, () => {
    const verdict = review(body, deps)
    assert.ok(!verdict.ok)
    assert.equal(verdict.reason, 'ReviewInvalid')
  })
}
