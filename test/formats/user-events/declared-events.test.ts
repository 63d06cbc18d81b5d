import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { defaultOptions } from '../../../src/formats/options.ts'
import { rememberingReader } from '../../../src/formats/user-events/annotation.ts'
import { declaredEvents } from '../../../src/formats/user-events/declared-events.ts'
import type { Milestone } from '../../../src/sources/source.ts'
import { input, milestone } from '../runs.ts'
import { build, declaration, declaring, lets, published, purl, success } from './runs.ts'

const environment = 'dev.cdevents.environment.created'

const event = {
  declaration: 'published',
  name: 'artifact.published',
  subject: { id: purl, content: {} },
}

test('a declaration in YAML means an event, with the package URL of the image', () => {
  const yaml = `
- name: published
  on: {kind: TaskRun, pipelineTask: build-image}
  type: dev.cdevents.artifact.published
  artifact:
    image: $(results.IMAGE_URL)
    digest: $(results.IMAGE_DIGEST)
  content:
    user: $(params.user)
    sbom:
      uri: {cel: '"https://sboms.example.com/" + results.IMAGE_DIGEST'}
  customData: {run: $(context.taskRun.name), tries: 1}
`
  const { events, problems } = declaredEvents(declaring(yaml))
  assert.deepEqual(problems, [])
  assert.deepEqual(events, [
    {
      ...event,
      subject: { id: purl, content: { user: 'anna', sbom: { uri: `https://sboms.example.com/${digestOf(purl)}` } } },
      customData: { run: 'release-9-build-image', tries: 1 },
    },
  ])
})

const cels = (count: number) => Array.from({ length: count }, (_, index) => ({ cel: `${index}` }))

const digestOf = (of: string) => decodeURIComponent(of.slice(of.indexOf('@') + 1, of.indexOf('?')))

test('JSON will do as well, and the same', () => {
  assert.deepEqual(declaredEvents(declaring([declaration()])), { events: [event], problems: [] })
})

describe('a declaration counts where its `on` says, and nowhere else', () => {
  const ended = (outcome: Milestone['outcome']) => milestone('finished', outcome && { outcome })
  const unlabelled = (run: KubeObject) => Object.assign(run.metadata, { labels: {} })
  const rows: [string, object, boolean, { told?: Milestone; more?: (run: KubeObject) => void }?][] = [
    ['the pipeline task', { pipelineTask: 'build-image' }, true],
    ['another pipeline task', { pipelineTask: 'test' }, false],
    ['the Task', { task: 'buildah' }, true],
    ['the Task, before Tekton has labelled the run', { task: 'buildah' }, true, { more: unlabelled }],
    ['another Task', { task: 'build-image' }, false],
    ['Task and pipeline task', { task: 'buildah', pipelineTask: 'build-image' }, true],
    ['Task and another pipeline task', { task: 'buildah', pipelineTask: 'x' }, false],
    ['labels', { task: 'buildah', labels: { 'tekton.dev/pipeline': 'release' } }, true],
    ['other labels', { task: 'buildah', labels: { 'tekton.dev/pipeline': 'x' } }, false],
    ['labels that the run lacks', { task: 'buildah', labels: { constructor: 'x' } }, false],
    ['another kind', { kind: 'PipelineRun' }, false],
    ['its end, of course', { task: 'buildah', milestone: 'finished' }, true],
    ['its start', { task: 'buildah', milestone: 'started' }, false],
    ['its start, when it has started', { task: 'buildah', milestone: 'started' }, true, { told: milestone('started') }],
    ['success by default', { task: 'buildah' }, false, { told: ended('failure') }],
    ['failure', { task: 'buildah', outcome: 'failure' }, true, { told: ended('failure') }],
    ['several outcomes', { task: 'buildah', outcome: ['timeout', 'cancelled'] }, true, { told: ended('cancelled') }],
    ['no outcome told', { task: 'buildah' }, false, { told: ended(undefined) }],
    ['no name, of a run that stands alone', {}, true, { more: unlabelled }],
  ]
  for (const [what, on, counts, of] of rows)
    test(what, () => {
      const made = declaredEvents(declaring([declaration({ on: { kind: 'TaskRun', ...on } })], of))
      assert.deepEqual(made, { events: counts ? [event] : [], problems: [] })
    })
})

describe('what can not be sent is told with the name, the path and the rule', () => {
  const long = (run: KubeObject) => {
    run.spec = { params: [{ name: 'long', value: 'x'.repeat(1025) }] }
  }

  const rows: [string, Record<string, unknown>, RegExp][] = [
    ['no name', { name: undefined }, /^declaration #1: \/name: must be lower case/],
    ['an odd name', { name: 'A b' }, /^declaration #1: \/name: must be lower case/],
    ['no on', { on: undefined }, /^declaration published: \/on: must be a map that names the kind/],
    ['an unknown kind', { on: { kind: 'Pod' } }, /\/on\/kind: must be TaskRun, PipelineRun or CustomRun/],
    ['a kind from the prototype', { on: { kind: 'constructor' } }, /\/on\/kind: must be/],
    [
      'a name that the kind has not',
      { on: { kind: 'TaskRun', pipeline: 'x' } },
      /\/on: may hold kind, task, pipelineTask/,
    ],
    [
      'no milestone',
      { on: { kind: 'TaskRun', task: 'x', milestone: 'done' } },
      /milestone of TaskRun: queued, started, /,
    ],
    [
      'an observed one',
      { on: { kind: 'TaskRun', task: 'x', milestone: 'running' } },
      /\/on\/milestone: must be a milestone/,
    ],
    [
      'an unknown outcome',
      { on: { kind: 'TaskRun', task: 'x', outcome: 'good' } },
      /\/on\/outcome: must be one or a list/,
    ],
    [
      'an outcome of a start',
      { on: { kind: 'TaskRun', task: 'x', milestone: 'started', outcome: 'success' } },
      /\/on\/outcome: is only for the milestone finished/,
    ],
    ['odd labels', { on: { kind: 'TaskRun', labels: [] } }, /\/on\/labels: must be a map/],
    ['no task, in a pipeline', { on: { kind: 'TaskRun' } }, /\/on: must name the task, pipelineTask or pipeline/],
    ['a field too many', { subjects: {} }, /published: may hold name, on, type/],
    [
      'a version',
      { type: `${published}.0.2.0` },
      /\/type: must be dev\.cdevents\.<subject>\.<predicate>, without a version/,
    ],
    ['a missing result', { artifact: { image: '$(results.X)' } }, /\/artifact\/image: the run has no result X$/],
    ['no image', { artifact: { digest: 'x' } }, /\/artifact: must be a map of image, digest and tag/],
    ['an image without a digest', { artifact: { image: 'quay.io/S3CRET' } }, /\/artifact: digest is missing/],
    ['a broken template', { content: { user: '$(S3CRET x)' } }, /\/content\/user: \$\(…\) is none of/],
    ['a broken expression', { content: { user: { cel: '1 +' } } }, /\/content\/user\/cel: line 1, column/],
    [
      'an expression that fails',
      { content: { user: { cel: 'results.NONE' } } },
      /\/content\/user\/cel: no such key: results\.NONE/,
    ],
    [
      'an expression with an odd value',
      { content: { user: { cel: 'duration("1s")' } } },
      /user\/cel: it gives what JSON has not/,
    ],
    [
      'an unknown variable',
      { content: { user: { cel: 'request.x' } } },
      /user\/cel: line 1, column 1: unknown variable/,
    ],
    ['no content', { content: 'x' }, /\/content: must be a map/],
    ['an odd key', { content: JSON.parse('{"__proto__":"x"}') }, /\/content: a key must begin with a letter/],
    ['two subjects', { subject: { id: 'x' } }, /\/subject\/id: is made of the artifact/],
    ['no subject', { artifact: undefined }, /\/subject\/id: is missing/],
    ['no package URL', { artifact: undefined, subject: { id: 'quay.io/app' } }, /\/subject\/id: must be a package URL/],
    ['an empty subject', { artifact: undefined, subject: { id: { cel: '""' } } }, /\/subject\/id: must give a text/],
    [
      'a line break in the subject',
      { artifact: undefined, type: environment, subject: { id: 'S3\nCRET' } },
      /\/subject\/id: must be 1 to 1024/,
    ],
    [
      'half a character in the subject',
      { artifact: undefined, type: environment, subject: { id: '\ud800' } },
      /\/subject\/id: must be 1 to 1024/,
    ],
    [
      'a long subject',
      { artifact: undefined, type: environment, subject: { id: '$(params.long)' } },
      /\/subject\/id: must be 1 to 1024/,
    ],
    ...[
      '/namespaces/team-b/tekton',
      '/namespaces/team%2Db/tekton',
      '/%6eamespaces/team-b',
      '/namespaces/team-a/../b/x',
    ].map((source): [string, Record<string, unknown>, RegExp] => [
      `the source ${source}`,
      { subject: { source: `https://cluster.example.com${source}` } },
      /\/subject\/source: must not be of another namespace/,
    ]),
    ['an odd subject', { subject: { di: 'x' } }, /\/subject: must be a map of id and source/],
    ['when without a truth', { when: 'results.IMAGE_URL' }, /\/when: the expression must give true or false/],
    ['when that fails', { when: 'results.NONE == "x"' }, /\/when: no such key: results\.NONE/],
    ['when of another type', { when: true }, /\/when: must be an expression in CEL/],
    [
      'too many values',
      { content: { a: Array.from({ length: 80 }, () => 'x') } },
      /the declaration holds too many values/,
    ],
    [
      'too many expressions',
      { content: { a: Array.from({ length: 9 }, () => ({ cel: '1' })) } },
      /too many expressions/,
    ],
    ['too deep', { content: { a: [[[[[[[[1]]]]]]]] } }, /nested more than 6 levels/],
  ]
  for (const [what, change, message] of rows)
    test(what, () => {
      const options = lets(published, environment)
      const given = declaring([declaration(change), declaration({ name: 'good' })], { options, more: long })
      const { events, problems } = declaredEvents(given)
      assert.deepEqual(events, [{ ...event, declaration: 'good' }], 'the other one goes')
      assert.deepEqual(
        problems.map(({ reason }) => reason),
        ['DeclarationInvalid'],
      )
      assert.match(problems[0]?.message ?? '', message)
      assert.doesNotMatch(problems[0]?.message ?? '', /S3CRET/)
    })

  test('a name that another has', () => {
    const { events, problems } = declaredEvents(declaring([declaration(), declaration()]))
    assert.equal(events.length, 1)
    assert.match(problems[0]?.message ?? '', /^declaration published: \/name: another declaration has this name$/)
  })

  test('an artifact of an event that has none', () => {
    const { problems } = declaredEvents(
      declaring([declaration({ type: environment, subject: { id: 'x' } })], { options: lets(environment) }),
    )
    assert.match(problems[0]?.message ?? '', /\/artifact: is only for events of artifacts/)
  })
})

describe('an annotation that is no list of declarations is told once, at the end of the run', () => {
  const rows: [string, string, RegExp][] = [
    ['a map', `type: ${published}`, /^annotation carillon\.dev\/events: must be a list of declarations$/],
    ['no YAML', `- type: ${published}\n  on: [`, /: is no YAML: [A-Z_]+ in line 2$/],
    ['an alias', `- &a\n  type: ${published}\n- *a`, /: must not use anchors and aliases$/],
    ['too long', `# ${published}${' '.repeat(8192)}`, /: may have 8192 characters$/],
    ['too many', JSON.stringify(Array.from({ length: 17 }, () => declaration())), /: may hold 16 declarations$/],
    ['too much YAML', `# ${published}\n${'- a\n'.repeat(600)}`, /: is too much to read: .* may have 600 marks/],
    [
      'too many expressions',
      JSON.stringify(Array.from({ length: 3 }, () => declaration({ when: 'true', content: { a: cels(7) } }))),
      /: may hold 16 expressions$/,
    ],
    ['too deep', `${'- '.repeat(30)}${published}`, /: is nested too deeply$/],
    ['keys in keys', `${'? '.repeat(90)}${published}`, /: may have nothing but texts as keys$/],
    ['all in one line', `${'? '.repeat(580)}${published}`, /: may have 100 marks of YAML in a line/],
  ]
  for (const [what, text, message] of rows)
    test(what, () => {
      const { events, problems } = declaredEvents(declaring(text))
      assert.deepEqual(events, [])
      assert.equal(problems.length, 1)
      assert.match(problems[0]?.message ?? '', message)
      assert.deepEqual(declaredEvents(declaring(text, { told: milestone('started') })).problems, [])
    })

  test('an entry that is no map', () => {
    const { events, problems } = declaredEvents(declaring(`[5, "${published}", ${JSON.stringify(declaration())}]`))
    assert.equal(events.length, 1)
    assert.deepEqual(problems, [], 'what has no type that passes is nobody’s')
  })
})

describe('what the subscription does not let pass costs nothing, and is not told', () => {
  const broken = declaration({ artifact: undefined })
  test('another type', () => {
    const options = lets('dev.cdevents.service.deployed')
    assert.deepEqual(declaredEvents(declaring([broken], { options })), { events: [], problems: [] })
    assert.deepEqual(declaredEvents(declaring(`${published}: [`, { options })), { events: [], problems: [] })
  })
  test('a type is one only as a whole', () => {
    const options = lets('dev.cdevents.artifact.pub')
    assert.deepEqual(declaredEvents(declaring([broken], { options })), { events: [], problems: [] })
  })
  test('no userEvents', () => {
    assert.deepEqual(declaredEvents(declaring([broken], { options: defaultOptions })), { events: [], problems: [] })
  })
  test('the text is not even read', () => {
    const options = lets('dev.cdevents.service.deployed')
    let reads = 0
    const read = () => {
      reads += 1
      return { declarations: { ok: true as const, value: [] }, marks: 0, expressions: 0 }
    }
    const userEvents = { ...options.cdevents.userEvents, types: new Set(['dev.cdevents.x.y']), only: false, read }
    declaredEvents(
      declaring([declaration()], { options: { ...options, cdevents: { ...options.cdevents, userEvents } } }),
    )
    assert.equal(reads, 0)
  })
})

test('when says whether there is an event at all', () => {
  for (const [when, count] of [
    ['has(results.IMAGE_URL)', 1],
    ['has(results.PUSHED) && results.PUSHED == "true"', 0],
    ['milestone.outcome == "success" && params.user == "anna"', 1],
    ['context.taskRun.name.endsWith("build-image") && context.task["retry-count"] == "0"', 1],
    ['object.metadata.labels["tekton.dev/pipelineTask"].startsWith("build")', 1],
  ] as const)
    assert.deepEqual(
      declaredEvents(declaring([declaration({ when })])),
      { events: count ? [event] : [], problems: [] },
      when,
    )
})

test('a value that is null, or none, is left out', () => {
  const content = { user: { cel: 'has(results.USER) ? results.USER : null' }, sbom: { uri: { cel: 'results.?SBOM' } } }
  assert.deepEqual(declaredEvents(declaring([declaration({ content })])).events, [event])
})

test('an artifact is artifactId of a service', () => {
  const type = 'dev.cdevents.service.deployed'
  const given = declaration({ type, subject: { id: 'shop' }, content: { environment: { id: 'prod' } } })
  assert.deepEqual(declaredEvents(declaring([given], { options: lets(type) })).events[0]?.subject, {
    id: 'shop',
    content: { environment: { id: 'prod' }, artifactId: purl },
  })
})

test('a subject may be of another source, outside of the cluster or of the own namespace', () => {
  for (const source of ['https://cluster.example.com/namespaces/team-a/shop', 'https://forge.example.com/', 'shop']) {
    const { events, problems } = declaredEvents(declaring([declaration({ subject: { source } })]))
    assert.deepEqual([events[0]?.subject.source, problems], [source, []])
  }
})

test('a custom event says its version', () => {
  const type = 'dev.cdeventsx.shop-report.written'
  const made = (version: string) =>
    declaredEvents(
      declaring([declaration({ type: `${type}${version}`, artifact: undefined, subject: { id: 'r' } })], {
        options: lets(type),
      }),
    )
  assert.equal(made('.0.1.0').events[0]?.name, `${type}.0.1.0`)
  assert.match(made('').problems[0]?.message ?? '', /\/type: must be dev\.cdeventsx.*with a version such as 0\.1\.0/)
})

test('what a task wrote is read in as much time as it is long', () => {
  const long = (run: KubeObject) => {
    run.spec = { params: [{ name: 'list', value: Array.from({ length: 100_000 }, () => 'x') }] }
    run.status = { results: [{ name: 'breaks', value: `${'\n'.repeat(500_000)}x` }] }
  }
  const given = declaration({
    content: { user: '$(results.breaks)' },
    customData: { all: Array(50).fill('$(params.list[*])') },
  })
  const { problems } = declaredEvents(declaring([given], { more: long }))
  assert.match(problems[0]?.message ?? '', /the run has no result IMAGE_URL/)
})

test('what is redacted can not be published: it is missing', () => {
  const { problems } = declaredEvents(declaring([declaration()], { more: (run) => delete run.status?.results }))
  assert.match(problems[0]?.message ?? '', /\/artifact\/image: the run has no result IMAGE_URL/)
})

describe('a run may have several such annotations', () => {
  const other = (text: string, key = 'carillon.dev/events.buildah') => ({
    more: (run: KubeObject) => Object.assign(run.metadata.annotations ?? {}, { [key]: text }),
  })
  const named = (name: string) => JSON.stringify([declaration({ name })])

  test('a Pipeline’s and a Task’s, in the order of their names', () => {
    const { events, problems } = declaredEvents(declaring(named('first'), other(named('second'))))
    assert.deepEqual(problems, [])
    assert.deepEqual(
      events.map(({ declaration: name }) => name),
      ['first', 'second'],
    )
  })

  test('a name is one declaration’s', () => {
    const { events, problems } = declaredEvents(declaring(named('a'), other(named('a'))))
    assert.equal(events.length, 1)
    assert.match(
      problems[0]?.message ?? '',
      /^declaration a: \/name: a declaration in another annotation has this name$/,
    )
  })

  test('one that is broken spoils no other', () => {
    const { events, problems } = declaredEvents(declaring(named('a'), other(`${published}: [`)))
    assert.equal(events.length, 1)
    assert.match(problems[0]?.message ?? '', /^annotation carillon\.dev\/events\.buildah: is no YAML/)
  })

  test('other annotations are no declarations', () => {
    for (const key of ['carillon.dev/eventsource', 'carillon.dev/event', 'events'])
      assert.equal(declaredEvents(declaring('[]', other(named('a'), key))).events.length, 0, key)
  })

  test('sixteen events are enough for a milestone', () => {
    const list = (prefix: string) =>
      JSON.stringify(Array.from({ length: 10 }, (_, index) => declaration({ name: `${prefix}-${index}` })))
    const { events, problems } = declaredEvents(declaring(list('a'), other(list('b'))))
    assert.deepEqual([events.length, problems.length], [16, 4])
    assert.match(problems[0]?.message ?? '', /^declaration b-6: a milestone may mean 16 events$/)
  })

  test('16 expressions are enough for a milestone, and none is compiled beyond', () => {
    const list = (prefix: string) =>
      JSON.stringify(
        [1, 2].map((n) => declaration({ name: `${prefix}-${n}`, when: 'true', customData: { a: cels(7), n } })),
      )
    const { events, problems } = declaredEvents(declaring(list('a'), other(list('b'))))
    assert.deepEqual([events.length, problems.length], [2, 2])
    assert.match(problems[0]?.message ?? '', /^declaration b-1: the events of a milestone may hold 16 expressions$/)
  })

  test('all their YAML together is bounded, whoever reads it', () => {
    const yaml = (name: string) => `${JSON.stringify(declaration({ name })).replace(/^/, '- ')}\n${'#\n'.repeat(200)}`
    for (const read of [undefined, rememberingReader()]) {
      const options = lets(published)
      const userEvents = { types: new Set([published]), only: false, ...(read && { read }) }
      const reading = { ...options, cdevents: { ...options.cdevents, userEvents } }
      for (const _ of [1, 2]) {
        const { events, problems } = declaredEvents(declaring(yaml('a'), { ...other(yaml('b')), options: reading }))
        assert.deepEqual(
          events.map(({ declaration: name }) => name),
          ['a'],
        )
        assert.match(problems[0]?.message ?? '', /^annotation carillon\.dev\/events\.buildah: is too much to read/)
        assert.equal(declaredEvents(declaring(yaml('b'), { options: reading })).events.length, 1, 'it is not to blame')
      }
    }
  })

  test('more than four are told', () => {
    const more = (run: KubeObject) => {
      for (const key of ['a', 'b', 'c', 'd']) other(named(key), `carillon.dev/events.${key}`).more(run)
    }
    const { events, problems } = declaredEvents(declaring(named('first'), { more }))
    assert.equal(events.length, 4)
    assert.match(problems[0]?.message ?? '', /^annotation carillon\.dev\/events: a run may have 4 of them$/)
  })
})

test('a run without annotations, or with odd ones, declares nothing', () => {
  for (const annotations of [undefined, null, [], 'x', { 'carillon.dev/events': 5 }]) {
    const run = build()
    Object.assign(run.metadata, { annotations })
    assert.deepEqual(declaredEvents(input(run, success, { options: lets(published) })), { events: [], problems: [] })
  }
})
