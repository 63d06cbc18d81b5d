import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { readCatalogue } from '../../src/catalogue/known.ts'
import { readCommand } from '../../src/config/command.ts'
import { titleOf } from '../../src/sources/title-of.ts'

/** Runs a command line as the program does. */
async function carillon(
  line: string,
): Promise<{ printed: string; noted: string[]; refused?: { reason: string; message: string } }> {
  const command = readCommand(line.trim().split(' '), {})
  if (!command.ok) return { printed: '', noted: [], refused: command }
  assert.ok(command.value.name === 'local', line)
  const printed: string[] = []
  const noted: string[] = []
  const out = { print: (text: string) => void printed.push(text), note: (text: string) => void noted.push(text) }
  const cluster = { kubeconfig: undefined, home: undefined, service: undefined }
  const done = await command.value.run({ version: '0', now: 0, out, cluster, stdin: async () => '' })
  return { printed: printed.join(''), noted, ...(!done.ok && { refused: done }) }
}

const jsonOf = async (line: string) => JSON.parse((await carillon(line)).printed)
const { rows } = readCatalogue()
const linesOf = (printed: string) => printed.trimEnd().split('\n')

test('events list has a line for every type of every row, and says of what may be declared', async () => {
  const { printed, noted } = await carillon('events list')
  const [head = '', ...lines] = linesOf(printed)
  assert.deepEqual(head.split(/ {2,}/), ['KIND', 'MILESTONE', 'CLASS', 'DEFAULT', 'FORMAT', 'TYPE'])
  assert.deepEqual(
    lines.map((line) => line.split(/ {3,}/)),
    rows.flatMap(({ source, milestone, events }) =>
      events.map(({ variant, type }) => [
        titleOf(source),
        milestone.name,
        milestone.class,
        milestone.default ? 'yes' : 'no',
        variant.name,
        type,
      ]),
    ),
  )
  assert.match(noted.join(), /^45 more can be declared by authors of Tasks: carillon events list --declared$/)
})

test('events list narrows by kind, family and format', async () => {
  const rowsOf = async (flags: string) => linesOf((await carillon(`events list ${flags}`)).printed).slice(1)
  for (const line of await rowsOf('--kind customrun')) assert.match(line, /^CustomRun /)
  for (const line of await rowsOf('--format tektonv2')) assert.match(line, /\.v2$/)
  const families = [...new Set(rows.map(({ source }) => source.family))]
  const ofFamilies = await Promise.all(families.map((family) => rowsOf(`--family ${family}`)))
  assert.equal(ofFamilies.flat().length, (await rowsOf('')).length)
  for (const line of await rowsOf('--kind component')) assert.match(line, /^Component( of konflux-ci\.dev)? /)
  assert.equal((await rowsOf('--kind CustomRun --format cdevents')).length > 0, true)
})

test('events list --json has every row with its types', async () => {
  const list = await jsonOf('events list --json')
  assert.equal(list.length, rows.length)
  const finished = list.find((row: Record<string, unknown>) => row.kind === 'TaskRun' && row.milestone === 'finished')
  assert.deepEqual([finished.class, finished.default, finished.key], ['derived', true, 'finished'])
  assert.ok(finished.events.some((event: Record<string, unknown>) => event.specVersion === '0.4.1'))
  assert.equal('example' in finished.events[0], false)
})

test('events list --declared has the whole vocabulary in both versions', async () => {
  const lines = linesOf((await carillon('events list --declared')).printed)
  assert.equal(lines.length, 1 + 90)
  assert.ok(lines.some((line) => /^artifact\.signed +0\.5\.1 +dev\.cdevents\.artifact\.signed\.0\.3\.0$/.test(line)))
  assert.equal((await jsonOf('events list --declared --json')).length, 45)
})

test('events show tells all of each row, with an example', async () => {
  for (const { source, milestone, events } of rows) {
    const { printed } = await carillon(`events show ${source.kind} ${milestone.name}`)
    const flat = printed.replace(/\s+/g, ' ')
    for (const fact of [milestone.when, milestone.time, milestone.key, milestone.class]) assert.ok(flat.includes(fact))
    for (const { type } of events) assert.ok(printed.includes(type), type)
    // Of a kind of two groups both are shown.
    const own = printed.slice(printed.indexOf(`${titleOf(source)} ${milestone.name}\n`))
    const example = JSON.parse(/\n\{\n.*?\n\}\n/s.exec(own)?.[0] ?? '')
    assert.equal(example.type, events[0]?.type)
    assert.equal(example.data.milestone.name, milestone.name)
  }
})

test('events show finds a type, also where several kinds have it', async () => {
  const [row] = await jsonOf('events show dev.tekton.event.taskrun.failed.v1 --json')
  assert.deepEqual([row.kind, row.milestone, row.events.length], ['TaskRun', 'finished', 1])
  assert.equal(row.events[0].example.type, 'dev.tekton.event.taskrun.failed.v1')
  const type = rows
    .flatMap(({ events }) => events)
    .find((event) => event.variant.format.name === 'cdevents' && event.type.includes('.taskrun.'))?.type
  const kinds = (await jsonOf(`events show ${type} --json`)).map((one: Record<string, unknown>) => one.kind)
  assert.deepEqual(kinds, ['TaskRun', 'CustomRun'])
})

test('events show tells of what may be declared, by name, by type, and by type without a version', async () => {
  for (const name of ['artifact.signed', 'dev.cdevents.artifact.signed', 'dev.cdevents.artifact.signed.0.3.0']) {
    const { printed } = await carillon(`events show ${name}`)
    assert.match(printed, /^artifact\.signed: .*\n/)
    assert.match(printed, /signature +yes /)
    assert.match(printed, /docs\/user-events\.md/)
  }
})

test('events schema prints a JSON Schema for every type, of data and of the event', async () => {
  const ajv = new Ajv2020({ strict: true, strictRequired: false })
  addFormats.default(ajv)
  for (const type of new Set(rows.flatMap(({ events }) => events.map((event) => event.type)))) {
    const schema = await jsonOf(`events schema ${type}`)
    assert.equal(schema.$id, `https://carillon.dev/schemas/${type}.json`)
    assert.equal(schema.title, type)
    const whole = await jsonOf(`events schema ${type} --event --json`)
    assert.equal(whole.properties.type.const, type)
    if (type.startsWith('dev.carillon.')) for (const one of [schema, whole]) ajv.compile(one)
  }
})

test('events schema takes KIND MILESTONE, in our own format unless another is named', async () => {
  assert.equal((await jsonOf('events schema TaskRun finished')).title, 'dev.carillon.tekton.taskrun.finished.v1')
  const v2 = await jsonOf('events schema PipelineRun started --format tektonv2')
  assert.equal(v2.title, 'dev.tekton.event.pipelinerun.started.v2')
  const declared = await jsonOf('events schema dev.cdevents.artifact.signed.0.2.0')
  assert.deepEqual(declared.allOf, [{ $ref: 'https://cdevents.dev/0.4.1/schema/artifact-signed-event' }])
})

const refused: [line: string, reason: string, message: RegExp][] = [
  ['events list --kind Job', 'InputInvalid', /no kind 'Job'; there are TaskRun, PipelineRun, CustomRun, /],
  ['events list --family argo', 'InputInvalid', /no family 'argo'; there are tekton, /],
  [
    'events list --format json',
    'InputInvalid',
    /no format 'json'; there are cloudevents, cdevents, tektonv1, tektonv2$/,
  ],
  ['events list TaskRun', 'FlagInvalid', /unexpected argument 'TaskRun'; see 'carillon events list --help'/],
  ['events list --declared --kind TaskRun', 'FlagInvalid', /^--declared and --kind exclude each other/],
  ['events list --output json', 'FlagInvalid', /unknown option '--output'/],
  ['events show', 'FlagInvalid', /^say which: KIND MILESTONE/],
  ['events show TaskRun started finished', 'FlagInvalid', /^say which/],
  ['events show Job started', 'InputInvalid', /no kind 'Job'; there are TaskRun/],
  ['events show TaskRun ended', 'InputInvalid', /no milestone of a TaskRun 'ended'; there are queued, started, /],
  [
    'events show TaskRun signed --format tektonv1',
    'InputInvalid',
    /no milestone of a TaskRun in the format tektonv1 'signed'/,
  ],
  [
    'events show dev.tekton.event.taskrun.success.v1',
    'InputInvalid',
    /there are dev\.tekton\.event\.taskrun\.queued\.v1, /,
  ],
  ['events show nonsense', 'InputInvalid', /^there is no event type 'nonsense'; 'carillon events list' has them all$/],
  [
    'events schema artifact.signed',
    'InputInvalid',
    /several types, .*: name one of dev\.cdevents\.artifact\.signed\.0\.2\.0, /,
  ],
  ['events schema TaskRun finished --format tektonv1', 'InputInvalid', /name one of .*failed\.v1, .*successful\.v1$/],
  ['events drop', 'UnknownCommand', /unknown command 'events drop'; the commands are list, show and schema/],
]

for (const [line, reason, message] of refused) {
  test(`carillon ${line} is refused`, async () => {
    const { refused: found, printed } = await carillon(line)
    assert.equal(found?.reason, reason)
    assert.match(found?.message ?? '', message)
    assert.equal(printed, '')
  })
}

test('the program ends with 0 and what was asked for, or with 2 and one line of what there is', () => {
  const program = join(import.meta.dirname, '../../src/main.ts')
  const run = (...words: string[]) => spawnSync(process.execPath, [program, 'events', ...words], { encoding: 'utf8' })
  const good = run('schema', 'TaskRun', 'finished')
  assert.deepEqual([good.status, good.stderr], [0, ''])
  assert.equal(JSON.parse(good.stdout).type, 'object')
  const bad = run('show', 'TaskRun', 'ended')
  assert.deepEqual([bad.status, bad.stdout], [2, ''])
  assert.match(bad.stderr, /^carillon: there is no milestone of a TaskRun 'ended'; there are queued, .*\n$/)
})
