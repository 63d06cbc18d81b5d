import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Outcome } from '../../../src/sources/source.ts'
import { input, milestone, run, toldBy } from '../runs.ts'
import { only, optionsOf, versions } from './official.ts'

const names = ['taskrun-bare', 'pipelinerun-bare', 'customrun-bare']

describe('outcome', () => {
  const rows: [Outcome, string, string | undefined][] = [
    ['success', 'success', undefined],
    ['failure', 'failure', 'Because: it broke'],
    ['cancelled', 'cancel', 'Because: it broke'],
    ['timeout', 'error', 'Because: it broke'],
    ['error', 'error', 'Because: it broke'],
  ]
  for (const version of versions) {
    for (const [outcome, word, errors] of rows) {
      test(`${outcome} is ${word} in ${version}`, () => {
        for (const name of names) {
          const told = milestone('finished', { outcome, reason: 'Because', message: 'it broke' })
          const { content } = only(input(run(name), told, optionsOf(version))).data.subject
          assert.equal(content.outcome, word)
          assert.equal(content.errors, errors)
        }
      })
    }
  }

  test('errors has the reason alone where there is no message, and is left out where there is neither', () => {
    const errorsOf = (reason: object) =>
      only(input(run('taskrun-bare'), milestone('finished', { outcome: 'failure', ...reason }))).data.subject.content
    assert.equal(errorsOf({ reason: 'Because' }).errors, 'Because')
    assert.equal('errors' in errorsOf({}), false)
  })

  test('a milestone that is no end has none', () => {
    const { content } = only(input(run('taskrun-bare'), milestone('started', { reason: 'Running' }))).data.subject
    assert.deepEqual(Object.keys(content), ['taskName', 'url'])
  })
})

describe('outcomes of a subscription', () => {
  const outcomes = { TaskRunTimeout: 'failure', FailureIgnored: 'success', Completed: 'error' } as const
  const contentOf = (outcome: Outcome, reason: string) =>
    only(
      input(
        run('taskrun-bare'),
        milestone('finished', { outcome, reason, message: 'so' }),
        optionsOf('0.5.1', { outcomes }),
      ),
    ).data.subject.content

  const rows: [Outcome, string, string, string | undefined][] = [
    ['timeout', 'TaskRunTimeout', 'failure', 'TaskRunTimeout: so'],
    ['failure', 'FailureIgnored', 'success', undefined],
    ['success', 'Completed', 'error', 'Completed: so'],
    ['timeout', 'PipelineRunTimeout', 'error', 'PipelineRunTimeout: so'],
    ['failure', 'constructor', 'failure', 'constructor: so'],
  ]
  for (const [outcome, reason, word, errors] of rows) {
    test(`${reason} is ${word}`, () => {
      const { outcome: found, errors: told } = contentOf(outcome, reason)
      assert.deepEqual([found, told], [word, errors])
    })
  }

  test('hold of attempts that were retried too', () => {
    const object = run('taskrun-retried')
    const retried = toldBy(object, 'retried')
    const given = (more: object) =>
      only(input(object, { ...retried, ...more }, optionsOf('0.4.1', { outcomes }))).data.subject.content
    assert.equal(given({ reason: 'Failed' }).outcome, 'failure')
    assert.equal(given({ details: { attempt: 1, outcome: 'cancelled' } }).outcome, 'cancel')
    assert.equal(given({ reason: 'FailureIgnored' }).outcome, 'success')
  })
})
