import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SocketCommand } from '../../src/cli/arguments.ts'
import { type Command, readCommand } from '../../src/config/command.ts'

const dataDir = '/var/lib/carillon'
const hour = 3_600_000

const taken: [line: string, command: SocketCommand][] = [
  ['deadletters list', { name: 'deadletters list', limit: 500, output: 'table', dataDir }],
  [
    'deadletters list --sink team-a/qe --subscription team-a/builds --since 2h --limit 3 -o wide --data-dir /data',
    {
      name: 'deadletters list',
      sink: 'team-a/qe',
      subscription: 'team-a/builds',
      since: { ago: 2 * hour },
      limit: 3,
      output: 'wide',
      dataDir: '/data',
    },
  ],
  ['deadletters show 7 some-id', { name: 'deadletters show', which: ['7', 'some-id'], output: 'text', dataDir }],
  ['deadletters retry 7 8', { name: 'deadletters retry', seqs: [7, 8], dataDir }],
  ['deadletters retry --all', { name: 'deadletters retry', all: true, dataDir }],
  ['deadletters retry --since=1h', { name: 'deadletters retry', since: { ago: hour }, dataDir }],
  [
    'replay --subscription team-a/builds --since 2026-11-22T10:00:00Z --until 1h --sink team-a/qe --dry-run',
    {
      name: 'replay',
      subscription: 'team-a/builds',
      sink: 'team-a/qe',
      since: { at: Date.UTC(2026, 10, 22, 10) },
      until: { ago: hour },
      dryRun: true,
      dataDir,
    },
  ],
  ['purge --sink team-a/qe', { name: 'purge', sink: 'team-a/qe', deadLetters: false, yes: false, dataDir }],
  [
    'purge --subscription team-a/builds --dead-letters --yes',
    { name: 'purge', subscription: 'team-a/builds', deadLetters: true, yes: true, dataDir },
  ],
  ['sinks test team-a/qe', { name: 'sinks test', sink: 'team-a/qe', output: 'text', dataDir }],
  ['sinks test -o json team-a/qe', { name: 'sinks test', sink: 'team-a/qe', output: 'json', dataDir }],
]

for (const [line, command] of taken) {
  test(`carillon ${line}`, () => {
    assert.deepEqual(readCommand(line.split(' '), {}), { ok: true, value: command })
  })
}

test('the data directory comes from the flag, else the environment', () => {
  const dirOf = (line: string) => {
    const read = readCommand(line.split(' '), { CARILLON_DATA_DIR: '/from-env' })
    return read.ok && 'dataDir' in read.value ? read.value.dataDir : assert.fail(line)
  }
  assert.equal(dirOf('deadletters list'), '/from-env')
  assert.equal(dirOf('deadletters list --data-dir /from-flag'), '/from-flag')
})

const topics: [line: string, of: (Command & { name: 'help' })['of']][] = [
  ['deadletters', 'deadletters'],
  ['deadletters --help', 'deadletters'],
  ['help deadletters', 'deadletters'],
  ['help deadletters retry', 'deadletters retry'],
  ['deadletters retry --help', 'deadletters retry'],
  ['help replay', 'replay'],
  ['purge -h', 'purge'],
  ['sinks', 'sinks test'],
  ['help sinks', 'sinks test'],
  ['help sinks test', 'sinks test'],
  ['sinks test --help', 'sinks test'],
  ['help nonsense', 'carillon'],
]

for (const [line, of] of topics) {
  test(`carillon ${line} gives the help of ${of}`, () => {
    assert.deepEqual(readCommand(line.split(' '), {}), { ok: true, value: { name: 'help', of } })
  })
}

const refused: [line: string, message: RegExp][] = [
  ['deadletters drop', /unknown command 'deadletters drop'; the commands are list, show and retry/],
  ['deadletters list now', /unexpected argument 'now'; see 'carillon deadletters list --help'/],
  ['deadletters list --frob', /unknown option '--frob'; see 'carillon deadletters list --help'/],
  ['deadletters list --sink qe', /--sink 'qe' must be namespace\/name, such as team-a\/qe/],
  ['deadletters list --sink a/b --sink a/c', /--sink may be given once/],
  ['deadletters list --limit 0', /--limit '0' must be a number from 1 on/],
  ['deadletters list -o xml', /--output must be one of table, wide, json, yaml, not 'xml'/],
  ['deadletters list --since 2d', /--since: '2d' is neither a duration/],
  ['deadletters list --data-dir=', /--data-dir must name a directory/],
  ['deadletters show', /name dead letters by SEQ or id/],
  ['deadletters retry', /say which: by SEQ, by --sink, --subscription and --since, or --all; one of the three/],
  ['deadletters retry 7 --all', /one of the three/],
  ['deadletters retry 7 --sink a/b', /one of the three/],
  ['deadletters retry seven', /'seven' is no SEQ/],
  ['replay --since 2h', /--subscription and --since are needed/],
  ['replay --subscription a/b', /--subscription and --since are needed/],
  ['replay --subscription a/b --since 2h --until never', /--until: 'never' is neither/],
  ['sinks list', /unknown command 'sinks list'; the command is test/],
  ['sinks test', /name one EventSink as namespace\/name, such as team-a\/qe/],
  ['sinks test qe', /name one EventSink as namespace\/name/],
  ['sinks test a/b c/d', /name one EventSink/],
  ['sinks test a/b -o yaml', /--output must be one of text, json, not 'yaml'/],
  ['purge --yes', /--sink, --subscription or both are needed/],
]

for (const [line, message] of refused) {
  test(`carillon ${line} is refused`, () => {
    const read = readCommand(line.split(' '), {})
    assert.ok(!read.ok)
    assert.match(read.message, message)
    assert.ok(!read.message.includes('\n'))
  })
}
