import assert from 'node:assert/strict'
import type { AdminClient } from '../../controlplane/admin.ts'
import type { Received } from '../../controlplane/sink.ts'
import { readingRights } from '../any-content.ts'
import { at, conditionsOf, momentOf, patienceMs, type Stage, type Team, toLoopback, typeOf } from '../fixture.ts'

/** A kind that Carillon knows nothing of, made for these tests. */
const group = 'certs.example.com'
const kind = 'Certificate'

type Version = 'v1alpha1' | 'v1'

/** Its definition, with these versions; the last one is stored. */
export function certificates(served: Readonly<Partial<Record<Version, boolean>>>) {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const names = Object.keys(served)
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `certificates.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural: 'certificates', singular: 'certificate', listKind: 'CertificateList' },
      versions: names.map((name, index) => ({
        name,
        served: served[name as Version],
        storage: index === names.length - 1,
        subresources: { status: {} },
        schema,
      })),
    },
  }
}

const ready = (status: string, time: string) => [
  { type: 'Ready', status, reason: status === 'True' ? 'Issued' : 'Issuing', message: '', lastTransitionTime: time },
]

/** What their controller writes, were there one. */
export class Certificates {
  readonly #admin: AdminClient
  readonly #namespace: string
  readonly #since = at()
  version: Version = 'v1alpha1'

  constructor(admin: AdminClient, namespace: string) {
    this.#admin = admin
    this.#namespace = namespace
  }

  get #apiVersion() {
    return `${group}/${this.version}`
  }

  create(name: string) {
    const metadata = { name, namespace: this.#namespace }
    return this.#admin.create({ apiVersion: this.#apiVersion, kind, metadata, spec: {} }, this.#namespace)
  }

  issued(name: string, revision: number) {
    return this.#status(name, { revision, conditions: ready('True', this.#since) })
  }

  stalled(name: string) {
    const time = at()
    const stalled = { type: 'Stalled', status: 'True', reason: 'Denied', message: 'no', lastTransitionTime: time }
    return this.#status(name, { conditions: [...ready('False', time), stalled] })
  }

  #status(name: string, status: object) {
    return this.#admin.patchStatus(this.#apiVersion, kind, this.#namespace, name, status)
  }

  annotate(name: string, value: string) {
    const metadata = { annotations: { 'example.com/touched': value } }
    return this.#admin.mergePatch(this.#apiVersion, kind, this.#namespace, name, { metadata })
  }

  delete(name: string) {
    return this.#admin.delete(this.#apiVersion, kind, this.#namespace, name)
  }
}

export const spec = {
  events: [
    {
      kind,
      group,
      milestones: ['created', 'ready', 'failed', 'deleted'],
      define: [
        {
          name: 'renewed',
          when: 'object.?status.?revision.orValue(0) > 1',
          key: 'object.status.revision',
        },
        { name: 'marked', when: '"example.com/touched" in object.metadata.?annotations.orValue({})' },
      ],
    },
  ],
}

/** A subscription of a kind that nobody has listed is refused, as is one of what is never watched; others are none the worse for it. */
export async function refused(team: Team): Promise<void> {
  await team.sink()
  await team.subscription('subscription', spec)
  await assert.rejects(
    team.subscription('secrets', { events: [{ kind: 'Secret', group: '' }] }),
    /Secrets and ConfigMaps are never watched/,
  )
  const status = { status: 'False', reason: 'KindNotAllowed' } as const
  const message = /^Certificate\.certs\.example\.com is none of the kinds .*ask an admin to add it to tenantKinds/
  const stalled = await team.condition('EventSubscription', 'subscription', 'Ready', { ...status, message })
  assert.equal(conditionsOf(stalled).find(({ type }) => type === 'Stalled')?.status, 'True')
}

/** Allowed, but not there; then there, but not to be read; then read, in its one version. */
export async function allowed(stage: Stage, team: Team): Promise<void> {
  const { admin } = stage
  const isNot = (reason: string, message: RegExp) => ({ status: 'False', reason, message }) as const
  await team.condition('EventSubscription', 'subscription', 'Ready', isNot('KindNotServed', /Certificate\.certs/))
  await admin.apply(certificates({ v1alpha1: true }))
  const forbidden = isNot('Forbidden', /may not list and watch Certificate\.certs\.example\.com;/)
  await team.condition('EventSubscription', 'subscription', 'Ready', forbidden)
  await team.subscription('tasks', { events: [{ kind: 'TaskRun' }] })
  await team.ready('tasks')
  await admin.apply(readingRights(group, ['certificates']))
  await team.ready()
}

const versionOf = ({ body }: Received): string => (JSON.parse(body) as { apiVersion: string }).apiVersion

const isOf = (name: string) => (one: Received) => one.headers['ce-subject'] === `certificate/${name}`

/** A life: what is told of it, and that a write which changes nothing tells nothing. */
export async function told(team: Team, of: Certificates): Promise<void> {
  await of.create('web')
  await of.issued('web', 1)
  await of.issued('web', 2)
  await of.annotate('web', 'a')
  await of.issued('web', 3)
  await of.annotate('web', 'b')
  await of.stalled('web')
  await of.delete('web')
  const all = (await team.received((received) => received.filter(isOf('web')).length >= 7)).filter(isOf('web'))
  const moments = ['created', 'ready', 'renewed', 'marked', 'renewed', 'failed', 'deleted']
  assert.deepEqual(all.map(momentOf).toSorted(), moments.map((name) => `certificate/web ${name}`).toSorted())
  assert.equal(all.map(typeOf).filter((type) => type === `dev.carillon.generic.certificate.renewed.v1`).length, 2)
  assert.equal(momentOf(all.at(-1) as Received), 'certificate/web deleted')
  assert.deepEqual([...new Set(all.map(versionOf))], [`${group}/v1alpha1`])
}

/** Once another version is served instead, that one is read, and goes on where the first ended. */
export async function moved(stage: Stage, team: Team, of: Certificates): Promise<void> {
  await of.create('mail')
  await of.issued('mail', 2)
  await team.received((all) => all.filter(isOf('mail')).length >= 3)
  await stage.admin.apply(certificates({ v1alpha1: false, v1: true }))
  of.version = 'v1'
  const path = await stage.admin.path(`${group}/v1`, kind, team.namespace, 'mail')
  await stage.admin.waitFor(path, () => true, { what: 'v1 to be served', timeoutMs: patienceMs })
  await of.issued('mail', 3)
  const all = await team.received((received) => received.filter(isOf('mail')).length >= 4)
  const mails = all.filter(isOf('mail'))
  assert.deepEqual(mails.map(momentOf).slice(0, 3).toSorted(), [
    ...['certificate/mail created', 'certificate/mail ready', 'certificate/mail renewed'],
  ])
  assert.equal(momentOf(mails[3] as Received), 'certificate/mail renewed')
  assert.equal(versionOf(mails[3] as Received), `${group}/v1`)
}

export const withTenantKinds = [...toLoopback, '--tenant-kind', `${kind}.${group}`]
