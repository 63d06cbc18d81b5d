import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { projectionBefore } from '../../src/catalogue/sample.ts'
import { cloudevents } from '../../src/formats/cloudevents.ts'
import type { Content } from '../../src/formats/format.ts'
import { cdevents } from '../../src/formats/mapping/format.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { sourceFor } from '../../src/sources/index.ts'
import { input } from './runs.ts'

const folder = join(import.meta.dirname, '../sources/golden')
const canary = 'CANARY'
const profiles = ['service', 'rfc'] as const

type Sample = Parameters<typeof projectionBefore>[1]

/** All that the object tells, in both formats that have summaries. */
function eventsOf(sample: Sample, object: KubeObject, content: Content = 'summary'): string[] {
  const source = sourceFor(object) ?? assert.fail(object.kind)
  const gone = source.deletion(object, { at: Date.UTC(2026, 10, 23), missed: false })
  const before = projectionBefore(source, sample)
  const told = [...source.milestones(object), ...source.transitions(before, object), ...(gone ? [gone] : [])]
  return told.flatMap((milestone) => {
    const of = input(object, milestone, { source, content })
    return [cloudevents, cdevents].flatMap((format) =>
      profiles.flatMap((profile) => {
        const options = { ...defaultOptions, flux: { profile } }
        return format.encode({ ...of, options }).events.map((event) => JSON.stringify(event))
      }),
    )
  })
}

const samples: [string, Sample][] = readdirSync(folder)
  .filter((file) => file.startsWith('flux-'))
  .map((file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8'))])

/** What holds values, names Secrets, or says how to get in, of all kinds of Flux. */
const spec = {
  values: { password: canary, [canary]: 'key' },
  valuesFrom: [{ kind: 'Secret', name: canary, valuesKey: canary, targetPath: canary }],
  secretRef: { name: canary },
  certSecretRef: { name: canary },
  proxySecretRef: { name: canary },
  serviceAccountName: canary,
  kubeConfig: { secretRef: { name: canary, key: canary } },
  decryption: { provider: 'sops', secretRef: { name: canary } },
  postBuild: { substitute: { TOKEN: canary }, substituteFrom: [{ kind: 'Secret', name: canary }] },
  postRenderers: [{ kustomize: { patches: [{ patch: canary }] } }],
  patches: [{ patch: canary }],
  images: [{ name: canary, newName: canary }],
  healthChecks: [{ name: canary }],
  commonMetadata: { labels: { a: canary }, annotations: { a: canary } },
  verify: { provider: 'cosign', secretRef: { name: canary } },
  sts: { endpoint: canary, secretRef: { name: canary } },
  endpoint: canary,
  bucketName: canary,
  dependsOn: [{ name: canary, namespace: canary }],
  suspend: false,
}

test('no value, name of a Secret or account, and no annotation of an object of Flux is in any summary', () => {
  for (const [file, sample] of samples) {
    const object = structuredClone(sample.object) as KubeObject & { spec?: object; status?: object }
    const secretive = {
      ...object,
      metadata: {
        ...object.metadata,
        annotations: {
          ...object.metadata.annotations,
          'kubectl.kubernetes.io/last-applied-configuration': canary,
          note: canary,
        },
        managedFields: [...((object.metadata.managedFields as unknown[]) ?? []), { manager: canary }],
        finalizers: [canary],
      },
      spec: {
        ...spec,
        ...object.spec,
        values: spec.values,
        valuesFrom: spec.valuesFrom,
        url: `https://jane:${canary}@git.example.com/a.git?token=${canary}#${canary}`,
      },
      status: {
        ...object.status,
        inventory: { entries: [{ id: canary, v: 'v1' }] },
        url: `http://${canary}/a.tar.gz`,
        storageNamespace: canary,
      },
    } as KubeObject
    const events = eventsOf(sample, secretive)
    assert.ok(events.length > 0, file)
    for (const text of events) {
      const at = text.indexOf(canary)
      assert.ok(at < 0, `${file}: ${text.slice(Math.max(0, at - 100), at + 20)}`)
    }
  }
})

test('a failure of Flux that quotes an address is told without user and password', () => {
  let told = 0
  for (const [, sample] of samples) {
    const text = JSON.stringify(sample.object).replaceAll(
      /"message":"(?:[^"\\]|\\.)*"/g,
      `"message":"unable to clone 'https://jane:${canary}@git.example.com/a.git'"`,
    )
    for (const event of eventsOf(sample, JSON.parse(text))) {
      assert.ok(!event.includes(canary) && !event.includes('jane'), event)
      if (event.includes('unable to clone')) told += 1
    }
  }
  assert.ok(told > 10, String(told))
})

const addresses: [given: string, told: string | undefined][] = [
  ['https://jane:s3cret@git.example.com/a.git', 'https://git.example.com/a.git'],
  ['oci://s3cret@q.example.com/charts', 'oci://q.example.com/charts'],
  ['git@git.example.com:team/a.git', 'ssh://git.example.com/team/a.git'],
  ['jane:s3cret@git.example.com/a.git', undefined],
  ['s3cret', undefined],
  ['file:///s3cret', undefined],
]

for (const [given, expected] of addresses)
  test(`the address ${given} is told as ${expected ?? 'nothing'}`, () => {
    const [, sample] = samples.find(([file]) => file.startsWith('flux-gitrepository-')) ?? assert.fail()
    const object = { ...sample.object, spec: { ...(sample.object.spec as object), url: given } } as KubeObject
    for (const text of eventsOf(sample, object)) {
      assert.ok(!text.includes('s3cret'), text)
      if (expected !== undefined && text.includes('data')) assert.ok(text.includes(expected), text)
    }
  })

test('a summary of any other resource holds nothing of its spec and status but why it is ready or failed', () => {
  const conditions = [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Fine',
      message: 'all is well',
      lastTransitionTime: '2026-11-22T12:00:00Z',
      extra: canary,
    },
  ]
  const object = {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: {
      name: 'a',
      namespace: 'team-a',
      uid: 'u-1',
      creationTimestamp: '2026-11-22T11:00:00Z',
      annotations: { note: canary },
      ownerReferences: [{ name: canary }],
      finalizers: [canary],
    },
    spec: { any: canary },
    status: {
      conditions: [{ type: canary, status: 'False', reason: canary, message: canary }, ...conditions],
      any: canary,
    },
    data: { password: canary },
    stringData: { password: canary },
  } as unknown as KubeObject
  const events = eventsOf({ object } as Sample, object)
  assert.ok(events.length >= 6)
  for (const text of events) assert.ok(!text.includes(canary), text)
  for (const text of eventsOf({ object } as Sample, object, 'none')) assert.ok(!text.includes(canary), text)
})
