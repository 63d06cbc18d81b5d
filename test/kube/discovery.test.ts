import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeClient } from '../../src/kube/client.ts'
import { Discovery, type Found, type Sought } from '../../src/kube/discovery.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { type Faults, startFaults } from './faults.ts'
import { clientFor, createNamespace, type FollowOptions, follow } from './follow.ts'

const group = 'moving.carillon.dev'
const crdName = `parts.${group}`
const crdVersion = 'apiextensions.k8s.io/v1'

/** A CRD whose versions are served as told; the last is stored. Tests have groups of their own, so that none has to wait for what another deletes. */
function partCrd(served: Record<string, boolean>, of = group) {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const names = Object.keys(served)
  return {
    apiVersion: crdVersion,
    kind: 'CustomResourceDefinition',
    metadata: { name: `parts.${of}` },
    spec: {
      group: of,
      scope: 'Namespaced',
      names: { plural: 'parts', singular: 'part', kind: 'Part', listKind: 'PartList' },
      versions: names.map((name) => ({ name, served: served[name], storage: name === names.at(-1), schema })),
    },
  }
}

const part: Sought = { kind: 'Part', group, version: 'v1', versions: ['v1beta1', 'v1alpha1'], plural: 'parts' }

describe('discovery', { timeout: 300_000 }, () => {
  let plane: ControlPlane
  let client: KubeClient
  let faults: Faults
  before(async () => {
    plane = await startControlPlane()
    faults = await startFaults(plane)
    client = await clientFor(plane, faults.url)
  })
  after(async () => {
    await client[Symbol.asyncDispose]()
    await faults[Symbol.asyncDispose]()
    await plane[Symbol.asyncDispose]()
  })

  const find = (sought: Sought) => new Discovery({ client, now: Date.now }).find(sought)
  const found = (got: Found) => (got.kind === 'found' ? got.resource : got.kind)

  /** Applies it, and resolves once the API server announces just these versions. */
  async function announce(crd: ReturnType<typeof partCrd>): Promise<void> {
    await plane.admin.apply(crd)
    const served = crd.spec.versions.filter((one) => one.served).map(({ name }) => name)
    await until(`${crd.spec.group} to be announced in ${served.join(', ')}`, async () => {
      const { body } = await plane.admin.request('GET', `/apis/${crd.spec.group}`)
      const { versions = [] } = (body ?? {}) as { versions?: { version: string }[] }
      return served.length === versions.length && versions.every(({ version }) => served.includes(version))
    })
  }

  /** What the API server tells in no watch has to be asked for again and again. */
  async function until(
    what: string,
    holds: () => Promise<boolean> | boolean,
    instead: () => Promise<string> | string = () => '',
  ): Promise<void> {
    const end = Date.now() + 60_000
    while (!(await holds())) {
      if (Date.now() > end) assert.fail(`waited in vain for ${what} ${await instead()}`)
      await delay(50)
    }
  }

  /** It is gone only when all its objects are. Where it stays, its condition Terminating says why. */
  async function remove(): Promise<void> {
    await plane.admin.delete(crdVersion, 'CustomResourceDefinition', undefined, crdName)
    const path = `/apis/${crdVersion}/customresourcedefinitions/${crdName}`
    const get = () => plane.admin.request('GET', path)
    const isGone = async () => (await get()).status === 404
    await until('the CRD to be gone', isGone, async () => JSON.stringify((await get()).body))
  }

  async function create(version: string, name: string, of = group): Promise<void> {
    const object = { apiVersion: `${of}/${version}`, kind: 'Part', metadata: { name } }
    const path = `/apis/${of}/${version}/namespaces/default/parts`
    await until(`${name} to be made`, async () => (await plane.admin.request('POST', path, object)).status === 201)
  }

  it('finds kinds of the core group and of others, and whether they live in namespaces', async () => {
    const cases: [sought: Partial<Sought> & { kind: string }, resource: object | string][] = [
      [{ kind: 'ConfigMap' }, { group: '', version: 'v1', plural: 'configmaps', namespaced: true }],
      [
        { kind: 'Node', version: 'v1' },
        { group: '', version: 'v1', plural: 'nodes', namespaced: false },
      ],
      [
        { kind: 'Lease', group: 'coordination.k8s.io' },
        { plural: 'leases', version: 'v1', namespaced: true },
      ],
      [{ kind: 'Nothing' }, 'absent'],
      [{ kind: 'Nothing', group: 'apps', version: 'v1' }, 'absent'],
      [{ kind: 'Deployment', group: 'apps', version: 'v0' }, 'absent'],
      [{ kind: 'Part', group: 'nowhere.carillon.dev' }, 'absent'],
      [{ kind: 'TokenReview', group: 'authentication.k8s.io' }, 'absent'],
    ]
    for (const [sought, resource] of cases) {
      const got = found(await find({ group: '', version: '', plural: '', ...sought }))
      if (typeof resource === 'string') assert.equal(got, resource, sought.kind)
      else assert.deepEqual(got, { group: sought.group ?? '', ...resource }, sought.kind)
    }
  })

  it('takes the best version that is served, or, where none is asked for, the one that the group prefers', async () => {
    const versionOf = async (sought: Sought) => {
      const got = found(await find(sought))
      return typeof got === 'string' ? got : got.version
    }
    const best = { ...part, group: 'best.carillon.dev' }
    await announce(partCrd({ v1alpha1: true, v1beta1: true, v1: false }, best.group))
    assert.equal(await versionOf(best), 'v1beta1')
    assert.equal(await versionOf({ ...best, versions: ['v1alpha1', 'v1beta1'] }), 'v1alpha1')
    assert.equal(await versionOf({ ...best, versions: undefined }), 'absent')
    assert.equal(await versionOf({ ...best, version: '', plural: '' }), 'v1beta1')
    await announce(partCrd({ v1alpha1: true, v1beta1: true, v1: true }, best.group))
    assert.equal(await versionOf(best), 'v1')
  })

  it('asks once for all who ask, and again when what is known must not count', async () => {
    const discovery = new Discovery({ client, now: Date.now })
    const count = () => faults.seen.filter(({ path }) => path.startsWith('/apis/absent.carillon.dev')).length
    const kinds = Array.from({ length: 20 }, (_, at) => ({ ...part, kind: `Kind${at}`, group: 'absent.carillon.dev' }))
    for (const kind of kinds) assert.equal((await discovery.find(kind)).kind, 'absent')
    assert.equal(count(), 1)
    await Promise.all(kinds.map((kind) => discovery.find(kind)))
    assert.equal(count(), 1)
    await discovery.find(part, true)
    await discovery.find(kinds[0] ?? part, true)
    assert.equal(count(), 2)
  })

  it('tells a failure as it is, and does not keep it', async () => {
    let at: { status: number; body: string } | undefined
    const faulty: Pick<KubeClient, 'request'> = {
      async request(request) {
        const real = await client.request(request)
        if (!at) return real
        const { status, body } = at
        return { ...real, status, headers: {}, text: body, json: () => JSON.parse(body) as unknown }
      },
    }
    const discovery = new Discovery({ client: faulty, now: Date.now })
    const lease: Sought = { kind: 'Lease', group: 'coordination.k8s.io', version: '', plural: '' }
    const cases: [status: number, body: string, kind: string, reason?: string][] = [
      [500, '{}', 'failing', 'server'],
      [503, '{}', 'failing', 'throttled'],
      [401, '{}', 'failing', 'unauthorized'],
      [403, '{}', 'forbidden'],
      [200, '{}', 'failing', 'broken'],
      [200, 'null', 'failing', 'broken'],
      [200, '{"versions":7}', 'failing', 'broken'],
    ]
    for (const [status, body, kind, reason] of cases) {
      at = { status, body }
      const got = await discovery.find(lease)
      assert.deepEqual([got.kind, 'reason' in got ? got.reason : undefined], [kind, reason], `${status} ${body}`)
    }
    at = { status: 200, body: '{"versions":[null,7,{"version":3}],"preferredVersion":null}' }
    assert.equal((await discovery.find(lease)).kind, 'absent')
    at = { status: 403, body: '{}' }
    const fixed: Sought = { kind: 'Lease', group: 'x.carillon.dev', version: 'v1', plural: 'leases' }
    const asWritten = { group: 'x.carillon.dev', version: 'v1', plural: 'leases', namespaced: true }
    assert.deepEqual(found(await discovery.find(fixed)), asWritten)
    at = undefined
    assert.equal((await discovery.find(lease, true)).kind, 'found')
  })

  /** Follows parts, wherever they are served. */
  function followParts(options: Partial<FollowOptions> = {}, of = group) {
    const discovery = new Discovery({ client, now: Date.now, sharedMs: 200 })
    return follow({ client, resource: (fresh) => discovery.find({ ...part, group: of }, fresh), ...options })
  }

  it('follows a kind that is absent, arrives, moves to another version, is deleted and comes back', async () => {
    await using follower = followParts()
    const at = () => follower.reflector.resource()?.version
    await follower.untilState('absent')
    await announce(partCrd({ v1beta1: true }))
    await create('v1beta1', 'first')
    await follower.until('the first', () => follower.names().includes('first'))
    await follower.untilState('watching')
    assert.equal(at(), 'v1beta1')

    await announce(partCrd({ v1beta1: true, v1: true }))
    await create('v1', 'second')
    await follower.until('the second', () => follower.names().includes('second'))
    await announce(partCrd({ v1beta1: false, v1: true }))
    await create('v1', 'third')
    await follower.until('the third', () => follower.names().includes('third'))
    // A watch of a version that is not served any more may go on; only the next is refused.
    const relists = follower.relists.length
    faults.resetWatches()
    await until('the other version', () => at() === 'v1')
    await create('v1', 'late')
    await follower.until('the late one', () => follower.names().includes('late'))
    // The cursor is the same in all versions; the API server may have forgotten what was before.
    for (const reason of follower.relists.slice(relists)) assert.equal(reason, 'expired')
    assert.deepEqual(follower.names(), ['first', 'late', 'second', 'third'])
    assert.deepEqual(follower.deleted, [])

    await remove()
    await follower.untilState('absent')
    await announce(partCrd({ v1beta1: true }))
    await create('v1beta1', 'fourth')
    await follower.until('the fourth', () => follower.names().includes('fourth'))
    assert.equal(at(), 'v1beta1')
    assert.deepEqual(follower.names(), ['fourth'])
    assert.deepEqual(follower.deleted.sort(), ['first', 'late', 'second', 'third'])
  })

  it('goes on from its cursor in another version, and lists what it can not go on from', async () => {
    const group = 'cursor.carillon.dev'
    await announce(partCrd({ v1beta1: true, v1: true }, group))
    await create('v1', 'kept', group)
    const cursor = await follow({ client, resource: { group, version: 'v1beta1', plural: 'parts' } })
    await cursor.until('the list', () => cursor.count('listed') === 1)
    const resumeFrom = cursor.batches.at(-1)?.cursor
    await cursor[Symbol.asyncDispose]()
    await create('v1', 'missed', group)
    await using follower = followParts({ resumeFrom }, group)
    await follower.until('what was missed', () => follower.names().includes('missed'))
    assert.deepEqual(follower.relists, [])
  })

  it('waits with a kind that is announced and not there, and tells one that lives in no namespace', async () => {
    const nowhere = { group: 'nowhere.carillon.dev', version: 'v1', plural: 'parts', namespaced: true }
    const asked: boolean[] = []
    await using follower = follow({
      client,
      resource: async (fresh) => {
        asked.push(fresh)
        return { kind: 'found', resource: nowhere }
      },
    })
    await follower.untilState('absent')
    assert.deepEqual(asked.slice(0, 2), [false, true])
    assert.deepEqual(follower.failures.slice(0, 1), ['absent'])

    const namespace = await createNamespace(plane, 'scoped')
    const discovery = new Discovery({ client, now: Date.now })
    const nodes: Sought = { kind: 'Node', group: '', version: '', plural: '' }
    await using scoped = follow({ client, namespace, resource: (fresh) => discovery.find(nodes, fresh) })
    await scoped.untilState('clusterScoped')
    await using all = follow({ client, resource: (fresh) => discovery.find(nodes, fresh) })
    await all.untilState('watching')
  })
})
