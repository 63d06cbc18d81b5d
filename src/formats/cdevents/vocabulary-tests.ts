import {
  type Field,
  freeReference,
  may,
  must,
  type Rule,
  reference,
  rowsOf,
  sinceFour,
  text,
  uri,
  word,
} from './rules.ts'
import { outcomes } from './vocabulary-runs.ts'

const environment = must(reference, 'where the tests run')

const trigger = may(
  {
    is: 'object',
    open: true,
    fields: {
      type: may(word('manual', 'pipeline', 'event', 'schedule', 'other'), 'what sort of thing it was'),
      uri: may(uri, 'where to find it'),
    },
  },
  'what made the tests run',
)

const testSuiteRun = may(freeReference, 'the run of the suite that it is part of')

const definition = (what: string) => ({
  id: must({ is: 'text', filled: true }, `id of the ${what}`),
  version: may(text, `version of the ${what}`),
  name: may(text, `name of the ${what}`),
})

const testCase = may(
  {
    is: 'object',
    fields: {
      ...definition('test case'),
      type: may(
        word('performance', 'functional', 'unit', 'security', 'compliance', 'integration', 'e2e', 'other'),
        'what is tested',
      ),
      uri: may(uri, 'where its definition is'),
    },
  },
  'the test case that is run',
)

const suite = (place: Field): Rule => ({ is: 'object', fields: { ...definition('test suite'), uri: place } })
const suitePlace = may(uri, 'where its definition is')
const testSuite = may(suite(suitePlace), 'the test suite that is run')
// testsuiterun.queued alone has `url` in 0.4.1, where its two brothers have `uri`.
const queuedTestSuite = may(suite({ ...suitePlace, old: { name: 'url' } }), 'the test suite that is run')

const outcome: Field = {
  ...must(outcomes, 'how it ended'),
  old: { rule: word('pass', 'fail', 'cancel', 'error'), words: { success: 'pass', failure: 'fail' } },
}
const severity = may(word('low', 'medium', 'high', 'critical'), 'how bad it is, where it did not succeed')
const reason = may(text, 'why it ended so')

/** Testing. `skipped` and `finished` are ends; `skipped` comes only where nothing else was sent before. */
export const tests = {
  ...rowsOf(
    'testcaserun',
    { subjectType: 'testCaseRun', freeSource: true },
    {
      queued: { means: 'a test case is to be run', content: { trigger, environment, testSuiteRun, testCase } },
      started: {
        means: 'the run of a test case has started',
        content: { trigger, environment, testSuiteRun, testCase },
      },
      finished: {
        means: 'the run of a test case has ended',
        content: { outcome, severity, reason, environment, testSuiteRun, testCase },
      },
      skipped: {
        means: 'a test case will not be run',
        content: {
          reason,
          environment: { ...may(reference, 'where it would have run'), wanted: true },
          testSuiteRun,
          testCase,
        },
        versions: sinceFour,
      },
    },
  ),
  ...rowsOf(
    'testsuiterun',
    { subjectType: 'testSuiteRun', freeSource: true },
    {
      queued: { means: 'a test suite is to be run', content: { trigger, environment, testSuite: queuedTestSuite } },
      started: { means: 'the run of a test suite has started', content: { trigger, environment, testSuite } },
      finished: {
        means: 'the run of a test suite has ended',
        content: { environment, testSuite, outcome, severity, reason },
      },
    },
  ),
  ...rowsOf(
    'testoutput',
    { subjectType: 'testOutput', freeSource: true },
    {
      published: {
        means: 'what a test made can be had',
        content: {
          outputType: must(word('report', 'video', 'image', 'log', 'other'), 'what it is'),
          format: must(text, 'its media type'),
          uri: may(uri, 'where it is'),
          testCaseRun: may(freeReference, 'the run of the test case that made it'),
        },
      },
    },
  ),
}
