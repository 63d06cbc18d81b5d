import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Emitter } from '../../../src/operator/emitter.ts'
import { run, runNames } from '../../formats/runs.ts'
import { of, see } from '../routing.ts'
import { emitter, type SubscriptionSpec, sourceOf } from '../scene.ts'

const pointers = [
  '/spec/params',
  '/status',
  '/status/conditions/0/message',
  '/metadata/labels',
  '/metadata/annotations',
]
const bodies = ['event', 'object', 'milestone', '[event.type, event.?late.orValue("")]', '{"a": event.data.?object}']

type Formats = NonNullable<SubscriptionSpec['formats']>

const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

/** What a subscription may say of its events' bytes. */
const specs: fc.Arbitrary<Partial<SubscriptionSpec>> = fc
  .record({
    formats: fc.constantFrom<Formats>(['cloudevents'], ['cdevents'], ['tektonv1'], ['tektonv2']),
    content: fc.constantFrom('summary' as const, 'full' as const, 'none' as const),
    include: some(fc.subarray(pointers, { minLength: 1 })),
    redact: some(fc.subarray(pointers, { minLength: 1 })),
    extensions: some(fc.constantFrom({ team: 'a' }, { team: 'b' })),
    body: some(fc.constantFrom(...bodies)),
    specVersion: fc.constantFrom('0.4.1' as const, '0.5.1' as const),
    profile: fc.constantFrom('schema' as const, 'sdk-go' as const),
    outcomes: some(fc.constantFrom({ Succeeded: 'error' as const }, { Succeeded: 'cancel' as const })),
    only: fc.boolean(),
    mode: fc.constantFrom('once' as const, 'eachChange' as const),
    source: fc.constantFrom('canonical' as const, 'classic' as const),
  })
  .map(
    ({ formats, content, include, redact, extensions, body, specVersion, profile, outcomes, only, mode, source }) => {
      const [format] = formats
      const mayInclude = content !== 'none' && !format?.startsWith('tekton')
      return {
        formats,
        data: { content, ...(include && mayInclude && { include }), ...(redact && { redact }) },
        ...(extensions && { extensions }),
        ...(body !== undefined && { body }),
        ...(format === 'cdevents' && { cdevents: { specVersion, profile, ...(outcomes && { outcomes }) } }),
        ...(format === 'cdevents' && only && { userEvents: { types: ['dev.cdevents.artifact.published'], only } }),
        ...(format?.startsWith('tekton') && { tekton: { mode, source } }),
      }
    },
  )

test('what a subscription is sent does not depend on who else is there', () => {
  const seed = Date.now() % 2 ** 31
  const limits = fc.constantFrom(1024, 2000, 4000, 65_536)
  fc.assert(
    fc.property(
      fc.constantFrom(...runNames).map(run),
      fc.array(fc.tuple(specs, limits), { minLength: 2, maxLength: 8 }),
      (object, wanted) => {
        const emitters = wanted.map(([spec, limit], n) => emitter(`e${n}`, spec, { maxEventBytes: () => limit }))
        const sentTo = (all: Emitter[], uid: string) => {
          const { rows, dead, counts, formatErrors } = see(object, { ...of(all), source: sourceOf(object.kind) })
          const own = ({ subscriptionUid }: { subscriptionUid: string }) => subscriptionUid === uid
          const errors = formatErrors.filter((one) => one.emitter.uid === uid).map(({ problems }) => problems)
          return [rows.filter(own), dead.filter(own), counts.filter(own), errors]
        }
        for (const one of emitters) assert.deepEqual(sentTo(emitters, one.uid), sentTo([one], one.uid))
      },
    ),
    { numRuns: 200, seed, verbose: 1 },
  )
})

test('what a subscription says of data, extensions and body changes no id', () => {
  const seed = Date.now() % 2 ** 31
  const ids = (spec: Partial<SubscriptionSpec>, object: ReturnType<typeof run>) => {
    const { rows, dead } = see(object, { ...of([emitter('one', spec)]), source: sourceOf(object.kind) })
    return [...rows, ...dead].map(({ event }) => event.id).sort()
  }
  fc.assert(
    fc.property(fc.constantFrom(...runNames).map(run), specs, (object, spec) => {
      const { data, extensions, body, ...rest } = spec
      assert.ok(data && (extensions ?? body ?? true))
      const made = ids(spec, object)
      const plain = ids(rest, object)
      // A body that fails sends nothing.
      if (body === undefined) assert.deepEqual(made, plain)
      else assert.ok(made.every((id) => plain.includes(id)))
    }),
    { numRuns: 200, seed, verbose: 1 },
  )
})
