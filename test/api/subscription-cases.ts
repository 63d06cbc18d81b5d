// EventSubscriptions that the API server must take or refuse; a refusal's message must hold every text given.
import { vocabulary } from '../../src/formats/cdevents/vocabulary.ts'
import type { Bad, Good, Spec } from './sink-cases.ts'

const subscription = (more: Spec): Spec => ({ sinks: [{ name: 'qe' }], ...more })
const events = (event: Spec): Spec => subscription({ events: [event] })
const matching = (expression: Spec): Spec => subscription({ namespaceSelector: { matchExpressions: [expression] } })
const start = 'startFrom must be Now, Earliest or a time such as 2026-01-31T09:00:00Z'
const values = 'values must be given for the operators In and NotIn, and must not for Exists and DoesNotExist'

export const goodSubscriptions: Good[] = [
  [
    'kinds that only look as if they held secrets',
    subscription({
      events: [
        { kind: 'Secret', group: 'example.com' },
        { kind: 'Tokenizer', group: 'example.com' },
        { kind: 'Broker', group: 'notoauth.openshift.io' },
      ],
    }),
  ],
  [
    'every event that CDEvents has, from authors',
    subscription({
      formats: ['cdevents'],
      userEvents: { types: Object.keys(vocabulary).map((name) => `dev.cdevents.${name}`) },
    }),
  ],
  ['no sinks: the default', {}],
  [
    'sinks of several namespaces of one name, with credentials',
    {
      sinks: [{ name: 'a' }, { name: 'a', namespace: 'b', secretRef: { name: 'mine' } }, { name: 'a', namespace: 'c' }],
    },
  ],
  ['only a sink', subscription({})],
  [
    'every format',
    subscription({ formats: ['cloudevents', 'cdevents', 'tektonv1', 'tektonv2'], cdevents: { specVersion: '0.4.1' } }),
  ],
  [
    'CDEvents for the Go SDK, with outcomes of its own',
    subscription({
      formats: ['cdevents'],
      cdevents: {
        specVersion: '0.5.1',
        profile: 'sdk-go',
        outcomes: { TaskRunTimeout: 'failure', PodEvicted: 'error', FailureIgnored: 'success', Cancelled: 'cancel' },
      },
    }),
  ],
  [
    'events that authors declare',
    subscription({
      formats: ['cdevents'],
      userEvents: { types: ['dev.cdevents.artifact.published', 'dev.cdeventsx.shop-report.written'], only: true },
    }),
  ],
  [
    'Tekton’s events as they were before v1.12',
    subscription({
      formats: ['tektonv1', 'tektonv2'],
      tekton: { mode: 'eachChange', source: 'classic' },
      events: [{ kind: 'TaskRun', milestones: ['running'] }],
    }),
  ],
  [
    'Flux as the table of its RFC has it',
    subscription({
      formats: ['cdevents'],
      flux: { profile: 'rfc' },
      events: [
        {
          kind: 'HelmRelease',
          milestones: ['installed', 'upgrade-failed', 'rolled-back', 'tests-passed', 'recovered'],
        },
        { kind: 'Kustomization', milestones: ['applied', 'reverted', 'health-failed'] },
        { kind: 'OCIRepository', milestones: ['artifact-stored', 'verification-failed'] },
      ],
    }),
  ],
  [
    'all milestones of a PipelineRun',
    events({
      kind: 'PipelineRun',
      milestones: ['queued', 'started', 'running', 'changed', 'unknown', 'finished', 'signed', 'skipped', 'deleted'],
    }),
  ],
  [
    'all milestones of a build',
    events({
      kind: 'PipelineRun',
      milestones: ['build-queued', 'build-started', 'build-finished', 'artifact-published', 'artifact-signed'],
    }),
  ],
  [
    'milestones of a Snapshot',
    events({
      kind: 'Snapshot',
      milestones: ['created', 'test-queued', 'test-started', 'test-finished', 'passed', 'failed', 'rerun-requested'],
    }),
  ],
  [
    'a Component of one of its groups',
    events({ kind: 'Component', group: 'konflux-ci.dev', milestones: ['onboarded'] }),
  ],
  [
    'a kind twice',
    subscription({
      events: [
        { kind: 'TaskRun', milestones: ['started'] },
        { kind: 'TaskRun', selector: { matchLabels: { a: 'b' } } },
      ],
    }),
  ],
  ['something expected', subscription({ expect: { within: '1h30m', event: true }, formats: ['tektonv1'] })],
  ['something expected beside a body', subscription({ expect: { within: '2160h' }, body: '1' })],
  ['only what asks for it', subscription({ onRequest: true })],
  [
    'kinds of any group, and of none',
    subscription({
      events: [
        { kind: 'Certificate', group: 'cert-manager.io' },
        { kind: 'Pod', group: '', milestones: ['ready', 'deleted'] },
        { kind: 'PipelineRun', group: 'example.com', milestones: ['ready'] },
      ],
    }),
  ],
  [
    'milestones of its own, for a kind of any sort',
    subscription({
      events: [
        {
          kind: 'Certificate',
          group: 'cert-manager.io',
          define: [{ name: 'renewed', when: 'object.status.revision > 1', key: 'object.status.revision' }],
        },
        {
          kind: 'TaskRun',
          milestones: ['started'],
          define: [{ name: 'slow', when: 'what only the operator can judge' }],
        },
      ],
    }),
  ],
  ['every namespace', subscription({ namespaceSelector: {} })],
  ['labels with a prefix', subscription({ namespaceSelector: { matchLabels: { 'example.com/team_A.b': '' } } })],
  [
    'every operator',
    subscription({
      namespaceSelector: {
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['b'] },
          { key: 'a', operator: 'NotIn', values: ['c', ''] },
          { key: 'a', operator: 'Exists' },
          { key: 'a', operator: 'DoesNotExist', values: [] },
        ],
      },
    }),
  ],
  ['a filter that only the operator can judge', subscription({ filter: 'milestone.name ==' })],
  ['a time to start from', subscription({ startFrom: '2026-01-31T09:00:00.123+02:00' })],
  ['the Earliest', subscription({ startFrom: 'Earliest' })],
  ['extensions', subscription({ extensions: { team: 'payments & more', a1: 'é' } })],
  [
    'an extension of characters that UTF-16 has two units for',
    subscription({ extensions: { team: '😀'.repeat(256) } }),
  ],
  [
    'parts of the summary of one of two formats',
    subscription({ data: { include: ['/spec'] }, formats: ['tektonv1', 'cloudevents'] }),
  ],
  ['no data', subscription({ data: { content: 'none' }, suspend: true })],
  [
    'parts of the object, and parts that never leave',
    subscription({
      data: {
        include: ['/status/results', '/metadata/annotations/a~1b', '/a~0b/0'],
        redact: ['/spec/params', '/kinds'],
      },
    }),
  ],
  ['a body that only the operator can judge', subscription({ body: '{"text": }', formats: ['cdevents'] })],
]

export const badSubscriptions: Bad[] = [
  [
    'the same sink of another namespace twice',
    {
      sinks: [
        { name: 'a', namespace: 'b' },
        { name: 'a', namespace: 'b' },
      ],
    },
    'sinks must name each sink once',
  ],
  [
    'a bad namespace of a sink',
    { sinks: [{ name: 'a', namespace: 'B' }] },
    'namespace must be the name of a namespace',
  ],
  ['an empty list of sinks', { sinks: [] }, 'spec.sinks in body should have at least 1 items'],
  [
    'a sink twice',
    { sinks: [{ name: 'a' }, { name: 'a' }] },
    'spec.sinks: Invalid value: "array": sinks must name each sink once',
  ],
  ['a bad name of a sink', { sinks: [{ name: 'A' }] }, 'name must be the name of an EventSink'],
  ['17 sinks', { sinks: Array.from({ length: 17 }, (_, i) => ({ name: `s${i}` })) }, 'must have at most 16 items'],
  [
    'an unknown format',
    subscription({ formats: ['json'] }),
    'supported values: "cloudevents", "cdevents", "tektonv1", "tektonv2"',
  ],
  ['a format twice', subscription({ formats: ['cdevents', 'cdevents'] }), 'formats must name each format once'],
  ['no format', subscription({ formats: [] }), 'should have at least 1 items'],
  [
    'cdevents without its format',
    subscription({ cdevents: {} }),
    'cdevents is only for subscriptions with the format cdevents: add it to formats, or leave cdevents out',
  ],
  [
    'another CDEvents version',
    subscription({ formats: ['cdevents'], cdevents: { specVersion: '0.5.0' } }),
    'supported values: "0.4.1", "0.5.1"',
  ],
  [
    'another profile of CDEvents',
    subscription({ formats: ['cdevents'], cdevents: { profile: 'flux' } }),
    'supported values: "schema", "sdk-go"',
  ],
  [
    'an outcome that is none of CDEvents',
    subscription({ formats: ['cdevents'], cdevents: { outcomes: { Cancelled: 'cancelled' } } }),
    'supported values: "success", "failure", "cancel", "error"',
  ],
  [
    'an outcome of what is no reason',
    subscription({ formats: ['cdevents'], cdevents: { outcomes: { 'timed out': 'failure' } } }),
    'outcomes must be named by reasons of conditions, as in TaskRunTimeout',
  ],
  [
    'tekton without its formats',
    subscription({ formats: ['cdevents'], tekton: {} }),
    'tekton is only for subscriptions with the format tektonv1 or tektonv2: add one to formats, or leave tekton out',
  ],
  [
    'another profile of Flux',
    subscription({ formats: ['cdevents'], flux: { profile: 'helm' } }),
    'supported values: "service", "rfc"',
  ],
  [
    'a milestone that a HelmRelease does not have',
    events({ kind: 'HelmRelease', milestones: ['applied'] }),
    'milestones of a HelmRelease are created, installed, install-failed, upgraded',
  ],
  [
    'another mode of Tekton',
    subscription({ formats: ['tektonv1'], tekton: { mode: 'always' } }),
    'supported values: "once", "eachChange"',
  ],
  [
    'another source of Tekton',
    subscription({ formats: ['tektonv2'], tekton: { source: 'selfLink' } }),
    'supported values: "canonical", "classic"',
  ],
  ['user events without types', subscription({ formats: ['cdevents'], userEvents: {} }), 'userEvents.types: Required'],
  [
    'no types of user events',
    subscription({ formats: ['cdevents'], userEvents: { types: [] } }),
    'should have at least 1 items',
  ],
  [
    'a type of user events with its version',
    subscription({ formats: ['cdevents'], userEvents: { types: ['dev.cdevents.artifact.published.0.2.0'] } }),
    'types must be types of CDEvents without version, as in dev.cdevents.artifact.published',
  ],
  [
    'a type of user events twice',
    subscription({
      formats: ['cdevents'],
      userEvents: { types: ['dev.cdevents.change.merged', 'dev.cdevents.change.merged'] },
    }),
    'Duplicate value: "dev.cdevents.change.merged"',
  ],
  [
    'user events without the format',
    subscription({ userEvents: { types: ['dev.cdevents.artifact.published'] } }),
    'userEvents is only for subscriptions with the format cdevents: add it to formats, or leave userEvents out',
  ],
  ['no events', subscription({ events: [] }), 'should have at least 1 items'],
  [
    'an unknown kind without its group',
    events({ kind: 'Pod' }),
    'kind must be one of TaskRun, PipelineRun, CustomRun, ',
    'of any other kind, group must be given as well, as in kind Certificate, group cert-manager.io',
  ],
  [
    'a kind in small letters',
    events({ kind: 'pods', group: '' }),
    'kind must be the name of a kind, as in PipelineRun',
  ],
  [
    'a group with its version',
    events({ kind: 'Certificate', group: 'cert-manager.io/v1' }),
    'group must be the name of an API group without a version, as in cert-manager.io',
  ],
  [
    'a milestone in capitals',
    events({ kind: 'Certificate', group: 'cert-manager.io', milestones: ['Ready'] }),
    "a milestone's name has small letters, digits and -, as in finished",
  ],
  [
    'a milestone that is defined without when',
    events({ kind: 'Certificate', group: 'cert-manager.io', define: [{ name: 'renewed' }] }),
    'spec.events[0].define[0].when: Required value',
  ],
  [
    'two of one name that are defined',
    events({
      kind: 'Certificate',
      group: 'cert-manager.io',
      define: [
        { name: 'renewed', when: 'true' },
        { name: 'renewed', when: 'false' },
      ],
    }),
    'spec.events[0].define[1]: Duplicate value',
  ],
  [
    'a defined name with a dot',
    events({ kind: 'Certificate', group: 'cert-manager.io', define: [{ name: 'a.b', when: 'true' }] }),
    "a milestone's name has small letters, digits and -, as in renewed",
  ],
  [
    'an unknown milestone',
    events({ kind: 'TaskRun', milestones: ['begun'] }),
    'milestones of a TaskRun are queued, started, running, changed, unknown, finished, retried, signed, deleted',
  ],
  [
    'a skipped TaskRun',
    events({ kind: 'TaskRun', milestones: ['skipped'] }),
    'spec.events[0]: Invalid value: "object": milestones of a TaskRun are queued, started, running, changed, unknown, finished, retried, signed, deleted, test-case-finished',
  ],
  [
    'a retried PipelineRun',
    events({ kind: 'PipelineRun', milestones: ['retried'] }),
    'milestones of a PipelineRun are queued, started, running, changed, unknown, finished, signed, skipped, deleted, build-queued',
  ],
  [
    'a signed CustomRun',
    events({ kind: 'CustomRun', milestones: ['signed'] }),
    'milestones of a CustomRun are queued, started, running, changed, unknown, finished, retried, deleted',
  ],
  [
    'a Snapshot that finishes',
    events({ kind: 'Snapshot', milestones: ['finished'] }),
    'milestones of a Snapshot are created, invalid, test-queued, test-started, test-finished, passed, failed',
  ],
  ['a milestone twice', events({ kind: 'TaskRun', milestones: ['started', 'started'] }), 'Duplicate value: "started"'],
  [
    'a bad label',
    subscription({ namespaceSelector: { matchLabels: { 'a b': 'c' } } }),
    'matchLabels must have names of labels, as in example.com/team',
  ],
  [
    'a bad value of a label',
    events({ kind: 'TaskRun', selector: { matchLabels: { a: '-' } } }),
    "a label's value takes letters, digits, -, _ and .",
  ],
  ['In without values', matching({ key: 'a', operator: 'In' }), values],
  ['Exists with values', matching({ key: 'a', operator: 'Exists', values: ['b'] }), values],
  [
    'an unknown operator',
    matching({ key: 'a', operator: 'Gt' }),
    'supported values: "In", "NotIn", "Exists", "DoesNotExist"',
  ],
  ['a bad key', matching({ key: 'a b', operator: 'Exists' }), 'key must be the name of a label'],
  ['an empty filter', subscription({ filter: '' }), 'should be at least 1 chars long'],
  ['a filter too long', subscription({ filter: 'x'.repeat(2049) }), 'may not be more than 2048'],
  ['unknown content', subscription({ data: { content: 'all' } }), 'supported values: "summary", "full", "none"'],
  ...['include', 'redact'].flatMap((field): Bad[] => [
    [
      `${field} without a slash`,
      subscription({ data: { [field]: ['spec/params'] } }),
      `${field} must hold JSON Pointers, as in /`,
    ],
    [
      `${field} with a bad escape`,
      subscription({ data: { [field]: ['/a~2'] } }),
      'in names, ~ is written ~0 and / is written ~1',
    ],
    ...['/spec/params/*', '/spec/params/*/value', '/spec/params/-'].map(
      (pointer): Bad => [
        `${field} of ${pointer}`,
        subscription({ data: { [field]: [pointer] } }),
        `${field} takes no wildcards; name the list or map itself`,
      ],
    ),
    ...['/spec/params[0]', '/spec/params[*]/value'].map(
      (pointer): Bad => [
        `${field} of ${pointer}`,
        subscription({ data: { [field]: [pointer] } }),
        `${field} names an element of a list by its number`,
      ],
    ),
    [
      `${field} of a label with a slash`,
      subscription({ data: { [field]: ['/metadata/annotations/example.com/ticket'] } }),
      `${field} must write / in names as ~1`,
    ],
    [`${field} of everything`, subscription({ data: { [field]: [''] } }), 'should be at least 2 chars long'],
    [
      `33 of ${field}`,
      subscription({ data: { [field]: Array.from({ length: 33 }, (_, i) => `/a${i}`) } }),
      'at most 32 items',
    ],
  ]),
  ...['/apiVersion', '/kind', '/metadata', '/metadata/name', '/metadata/namespace', '/metadata/uid'].map(
    (pointer): Bad => [
      `redacting ${pointer}`,
      subscription({ data: { redact: ['/spec', pointer] } }),
      'redact must not take away what every event is made of',
    ],
  ),
  [
    'parts of a summary that is not there',
    subscription({ data: { content: 'none', include: ['/spec'] } }),
    'include adds to a summary, and with content none there is none',
  ],
  [
    'parts of a summary that no format has',
    subscription({ data: { include: ['/spec'] }, formats: ['tektonv1', 'tektonv2'] }),
    'data.include adds to a summary, and tektonv1 and tektonv2 always hold the whole object',
  ],
  [
    'a body of two formats',
    subscription({ body: '1', formats: ['cloudevents', 'cdevents'] }),
    "body is made of one format's event",
  ],
  [
    'a body and the event of a silence',
    subscription({ body: '1', expect: { within: '1h', event: true } }),
    'expect.event is sent as a CloudEvent, not as body has it',
  ],
  ['a silence too short', subscription({ expect: { within: '59s' } }), 'within must be a duration from 1m to 2160h'],
  ['a silence too long', subscription({ expect: { within: '2161h' } }), 'within must be a duration from 1m to 2160h'],
  ['an expectation of nothing', subscription({ expect: {} }), 'spec.expect.within: Required value'],
  ['a body too long', subscription({ body: 'x'.repeat(8193) }), 'may not be more than 8192'],
  ['an empty body', subscription({ body: '' }), 'should be at least 1 chars long'],
  [
    'an extension in capitals',
    subscription({ extensions: { Team: 'a' } }),
    'names of extensions are 1 to 20 lower case letters and digits',
  ],
  [
    'an extension with a long name',
    subscription({ extensions: { ['a'.repeat(21)]: 'a' } }),
    'names of extensions are 1 to 20',
  ],
  ...[
    'id',
    'source',
    'type',
    'subject',
    'time',
    'specversion',
    'datacontenttype',
    'dataschema',
    'data',
    'sequence',
    'namespace',
    'late',
    'uid',
    'outcome',
    'pipeline',
    'pipelinerun',
    'pipelinetask',
    'traceparent',
  ].map(
    (name): Bad => [
      `the extension ${name}`,
      subscription({ extensions: { [name]: 'a' } }),
      'these names are not for extensions: id, source, type, subject, time, specversion, datacontenttype, dataschema, data, sequence, namespace, late, uid, outcome, pipeline, pipelinerun, pipelinetask, traceparent',
    ],
  ),
  [
    'an extension with a line break',
    subscription({ extensions: { team: 'a\nb' } }),
    'takes no control characters and no line breaks',
  ],
  ['an extension too long', subscription({ extensions: { team: 'x'.repeat(257) } }), 'may not be more than 256'],
  [
    '17 extensions',
    subscription({ extensions: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`a${i}`, 'b'])) }),
    'must have at most 16 items',
  ],
  ...[
    'now',
    'yesterday',
    '2026-01-31',
    '2026-02-30T09:00:00Z',
    '2026-13-01T09:00:00Z',
    '2026-01-31 09:00:00Z',
    '1969-12-31T23:59:59Z',
  ].map((value): Bad => [`to start from ${value}`, subscription({ startFrom: value }), start]),
  ...(
    [
      ['Secret', ''],
      ['Secret', 'core'],
      ['ConfigMap', 'core'],
    ] as const
  ).map(
    ([kind, group]): Bad => [
      `a ${kind} of group '${group}'`,
      events({ kind, group }),
      "Secrets and ConfigMaps are never watched, as they may hold anybody's secrets",
    ],
  ),
  ...(
    [
      ['OAuthAccessToken', 'example.com'],
      ['Tokens', 'example.com'],
      ['TokenReview', 'example.com'],
      ['TokenRequest', 'example.com'],
      ['SelfSubjectReview', 'authentication.k8s.io'],
      ['SubjectAccessReview', 'authorization.k8s.io'],
      ['OAuthClient', 'oauth.openshift.io'],
      ['OAuthClient', 'sub.oauth.openshift.io'],
    ] as const
  ).map(
    ([kind, group]): Bad => [
      `a ${kind} of group ${group}`,
      events({ kind, group }),
      'kinds named for tokens, and those of authentication.k8s.io, authorization.k8s.io and oauth.openshift.io, are never watched',
    ],
  ),
  [
    'a kind of its own group',
    events({ kind: 'EventSink', group: 'carillon.dev' }),
    'kinds of carillon.dev are never watched',
  ],
  [
    'a milestone that is defined and named',
    events({ kind: 'TaskRun', milestones: ['finished', 'slow'], define: [{ name: 'finished', when: 'true' }] }),
    'what is defined counts without being named in milestones',
  ],
  [
    'a milestone of its own that no format has',
    subscription({
      formats: ['tektonv1', 'tektonv2'],
      events: [{ kind: 'TaskRun', define: [{ name: 'a', when: 'true' }] }],
    }),
    'tektonv1 and tektonv2 have no event for what define names',
  ],
  [
    'events of authors that CDEvents has not',
    subscription({ formats: ['cdevents'], userEvents: { types: ['dev.cdevents.artifact.eaten'] } }),
    'CDEvents has no such type; carillon events list --declared has all that there are',
  ],
  [
    'a label whose prefix is no DNS name',
    subscription({ events: [{ kind: 'TaskRun', selector: { matchLabels: { 'a..b/team': 'a' } } }] }),
    'matchLabels must have names of labels',
  ],
  [
    'a label in an expression whose prefix is no DNS name',
    matching({ key: 'a.-b/team', operator: 'Exists' }),
    'key must be the name of a label',
  ],
  ['an unknown field', subscription({ deadLetters: {} }), 'unknown field "spec.deadLetters"'],
]
