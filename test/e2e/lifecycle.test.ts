// What happens between a team's CRs, its runs and its sinks: the operator is a real process with the rights of the chart;
// Tekton's part is played by the test, which writes the statuses of runs.
import { after, before, describe } from 'node:test'
import { installTekton } from '../controlplane/tekton.ts'
import { startStage, toLoopback } from './fixture.ts'
import { asking } from './lifecycle/asking.ts'
import { batches } from './lifecycle/batches.ts'
import { bodies } from './lifecycle/bodies.ts'
import { canaries } from './lifecycle/canaries.ts'
import { changing } from './lifecycle/changing.ts'
import { classes } from './lifecycle/classes.ts'
import { configuring } from './lifecycle/configuring.ts'
import { control } from './lifecycle/control.ts'
import { deleting } from './lifecycle/deleting.ts'
import { deliveries } from './lifecycle/deliveries.ts'
import { explaining } from './lifecycle/explaining.ts'
import { failures } from './lifecycle/failures.ts'
import { filters } from './lifecycle/filters.ts'
import { importing } from './lifecycle/importing.ts'
import { limits } from './lifecycle/limits.ts'
import { overflow } from './lifecycle/overflow.ts'
import { quotas } from './lifecycle/quotas.ts'
import { renewers } from './lifecycle/renewers.ts'
import { reports } from './lifecycle/reports.ts'
import { restarts } from './lifecycle/restarts.ts'
import { type Scene, schemaBase } from './lifecycle/scene.ts'
import { secrets } from './lifecycle/secrets.ts'
import { selection } from './lifecycle/selection.ts'
import { services } from './lifecycle/services.ts'
import { sharing } from './lifecycle/sharing.ts'
import { starts } from './lifecycle/starts.ts'
import { storage } from './lifecycle/storage.ts'
import { suspending } from './lifecycle/suspending.ts'
import { webhook } from './lifecycle/webhook.ts'

describe('a team with runs, subscriptions and sinks', () => {
  const resources = new AsyncDisposableStack()
  const scene = {} as Scene

  before(async () => {
    const stage = resources.use(await startStage())
    await installTekton(stage.admin)
    await stage.admin.createNamespace('platform')
    const schemas = ['--schema-base-url', `${schemaBase}/`]
    const operator = await stage.operator({ args: [...toLoopback, '--admin-namespace', 'platform', ...schemas] })
    Object.assign(scene, { stage, admin: stage.admin, operator })
  })
  after(() => resources.disposeAsync())

  describe('all at once', { concurrency: 8 }, () => {
    restarts(scene)
    limits(scene)
    overflow(scene)
    quotas(scene)
    classes(scene)
    configuring(scene)
    failures(scene)
    deliveries(scene)
    asking(scene)
    batches(scene)
    secrets(scene)
    canaries(scene)
    services(scene)
    filters(scene)
    selection(scene)
    sharing(scene)
    starts(scene)
    storage(scene)
    suspending(scene)
    deleting(scene)
    changing(scene)
    bodies(scene)
    control(scene)
    importing(scene)
    explaining(scene)
    webhook(scene)
    renewers(scene)
  })
  reports(scene)
})
