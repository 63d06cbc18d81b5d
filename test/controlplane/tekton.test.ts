import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { type ControlPlane, startControlPlane } from './controlplane.ts'
import { type History, recordHistory } from './history.ts'
import { startKubelet } from './kubelet.ts'
import { perform, type Scenario, scenarios, stateOf } from './scenarios.ts'
import { startTekton, type Tekton } from './tekton.ts'

const namespace = 'scenarios'

describe('real Tekton with a stand-in kubelet', () => {
  const resources = new AsyncDisposableStack()
  const problems: string[] = []
  let cp: ControlPlane
  let tekton: Tekton
  let history: History

  before(async () => {
    cp = resources.use(await startControlPlane())
    tekton = resources.use(await startTekton(cp))
    resources.use(startKubelet(cp.admin, (line) => problems.push(line)))
    await cp.admin.createNamespace(namespace)
    history = resources.use(recordHistory(cp.admin, namespace))
  })
  after(() => resources.disposeAsync())

  describe('takes to its end', { concurrency: true }, () => {
    for (const scenario of scenarios) {
      it(`${scenario.name}: ${scenario.end}`, async (context) => {
        const run = await perform(cp.admin, scenario, namespace)
        await history.until(() => allShown(scenario, run), `${scenario.name} and its children to have ended`)
        const children = childrenOf(run)
        for (const key of [`${scenario.kind}/${scenario.name}`, ...children.map((one) => one.key)]) {
          context.diagnostic(`${key}: ${history.states.get(key)?.join(' → ')}`)
        }

        assert.equal(stateOf(run), scenario.end)
        assertShown(scenario, history.states.get(`${scenario.kind}/${scenario.name}`) ?? [])
        assert.deepEqual(skippedOf(run), scenario.skipped ?? [])
        const ends = Object.groupBy(children, (one) => one.task)
        const found = Object.entries(ends).map(([task, of = []]) => [task, of.map((one) => endOf(one.key))])
        assert.deepEqual(Object.fromEntries(found), scenario.children ?? {})
      })
    }
  })

  it('passes results on to the runs', () => {
    const digest = `sha256:${'ab'.repeat(32)}`
    assert.deepEqual(history.runs.get('TaskRun/lone-results')?.status?.results, [
      { name: 'digest', type: 'string', value: digest },
      { name: 'tags', type: 'array', value: ['1.0', 'latest'] },
    ])
    assert.deepEqual(history.runs.get('PipelineRun/several-tasks')?.status?.results, [{ name: 'image', value: digest }])
  })

  it('keeps the failed attempt of a retried TaskRun', () => {
    const { retriesStatus } = history.runs.get('TaskRun/retried-flaky')?.status as { retriesStatus: object[] }
    assert.equal(retriesStatus.length, 1)
    assert.ok(history.states.get('TaskRun/retried-flaky')?.includes('Unknown/ToBeRetried'))
  })

  it('had no trouble in the stand-in kubelet', () => assert.deepEqual(problems, []))

  it('goes nowhere without the controller', async () => {
    await tekton.kill()
    await assert.rejects(
      tekton.reconciling(),
      /^Error: the Tekton controller \(pid \d+\) is not running: it ended by SIGKILL/,
    )
    const [first] = scenarios as [Scenario]
    await assert.rejects(
      perform(cp.admin, first, namespace, { name: 'orphan', timeoutMs: 1000 }),
      /waited 1000 ms in vain for orphan to end as True\/Succeeded/,
    )
    await history.until(() => history.states.has('PipelineRun/orphan'), 'the orphan to be seen')
    assert.deepEqual(history.states.get('PipelineRun/orphan'), ['none'])
  })

  type Child = { key: string; task: string }

  function childrenOf(run: KubeObject): Child[] {
    const references = (run.status?.childReferences ?? []) as { kind: string; name: string; pipelineTaskName: string }[]
    return references.map((one) => ({ key: `${one.kind}/${one.name}`, task: one.pipelineTaskName }))
  }

  /** The last state that a run showed. */
  const endOf = (key: string) => history.states.get(key)?.at(-1) ?? ''

  function allShown(scenario: Scenario, run: KubeObject): boolean {
    const keys = [`${scenario.kind}/${scenario.name}`, ...childrenOf(run).map((one) => one.key)]
    return keys.every((key) => /^(True|False)/.test(endOf(key)))
  }
})

function skippedOf(run: KubeObject): string[] {
  return ((run.status?.skippedTasks ?? []) as { name: string }[]).map((one) => one.name)
}

function assertShown({ history, mayMiss = [] }: Scenario, shown: string[]): void {
  const missing = history.filter((state) => mayMiss.includes(state) && !shown.includes(state))
  assert.deepEqual(
    shown,
    history.filter((state) => !missing.includes(state)),
  )
}
