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

/** Each may stand for what a subscription says of its events' bytes. */
const choices = {
  format: ['cloudevents', 'cdevents', 'tektonv1', 'tektonv2'],
  content: ['summary', 'full', 'none'],
  include: [undefined, ...pointers.map((pointer) => [pointer]), pointers],
  redact: [undefined, ...pointers.map((pointer) => [pointer]), pointers],
  extensions: [undefined, { team: 'a' }, { team: 'b' }],
  body: [undefined, ...bodies],
  specVersion: ['0.4.1', '0.5.1'],
  profile: ['schema', 'sdk-go'],
  outcomes: [undefined, { Succeeded: 'error' }, { Succeeded: 'cancel' }],
  only: [false, true],
  mode: ['once', 'eachChange'],
  source: ['canonical', 'classic'],
  limit: [1024, 2000, 4000, 65_536],
} as const
type Field = keyof typeof choices
type Chosen = { [F in Field]: (typeof choices)[F][number] }

const oneOf = (field: Field) => fc.constantFrom(...choices[field])
const whole = fc.record(Object.fromEntries(Object.keys(choices).map((field) => [field, oneOf(field as Field)])))
const change = fc
  .constantFrom(...(Object.keys(choices) as Field[]))
  .chain((field) => oneOf(field).map((value) => ({ [field]: value })))

/** Alike but for a field or two: of those drawn each for itself hardly any two would share anything. */
const groups = fc
  .tuple(whole, fc.array(fc.array(change, { maxLength: 2 }), { minLength: 2, maxLength: 6 }))
  .map(([base, others]) => others.map((changes) => Object.assign({}, base, ...changes) as Chosen))

function specOf(chosen: Chosen): Partial<SubscriptionSpec> {
  const { format, content, include, redact, extensions, body, specVersion, profile, outcomes, only } = chosen
  const isTekton = format.startsWith('tekton')
  const isCDEvents = format === 'cdevents'
  return {
    formats: [format],
    data: {
      content,
      ...(include && content !== 'none' && !isTekton && { include: [...include] }),
      ...(redact && { redact: [...redact] }),
    },
    ...(extensions && { extensions }),
    ...(body !== undefined && { body }),
    ...(isCDEvents && { cdevents: { specVersion, profile, ...(outcomes && { outcomes }) } }),
    ...(isCDEvents && only && { userEvents: { types: ['dev.cdevents.artifact.published'], only } }),
    ...(isTekton && { tekton: { mode: chosen.mode, source: chosen.source } }),
  }
}

const runs = fc.constantFrom(...runNames).map(run)

test('what a subscription is sent does not depend on who else is there', () => {
  const seed = Date.now() % 2 ** 31
  fc.assert(
    fc.property(runs, groups, (object, group) => {
      const emitters = group.map((chosen, n) => emitter(`e${n}`, specOf(chosen), { maxEventBytes: () => chosen.limit }))
      const sentTo = (all: Emitter[], uid: string) => {
        const { rows, dead, counts, formatErrors } = see(object, { ...of(all), source: sourceOf(object.kind) })
        const own = ({ subscriptionUid }: { subscriptionUid: string }) => subscriptionUid === uid
        const errors = formatErrors.filter((one) => one.emitter.uid === uid).map(({ problems }) => problems)
        return [rows.filter(own), dead.filter(own), counts.filter(own), errors]
      }
      for (const one of emitters) assert.deepEqual(sentTo(emitters, one.uid), sentTo([one], one.uid))
    }),
    { numRuns: 400, seed, verbose: 1 },
  )
})

test('what a subscription says of data, extensions and body changes no id', () => {
  const seed = Date.now() % 2 ** 31
  fc.assert(
    fc.property(runs, groups, (object, [chosen]) => {
      const idsOf = (spec: Partial<SubscriptionSpec>) => {
        const { rows, dead } = see(object, { ...of([emitter('one', spec)]), source: sourceOf(object.kind) })
        return [...rows, ...dead].map(({ event }) => event.id).sort()
      }
      const { data, extensions, body, ...plain } = specOf(chosen as Chosen)
      const made = idsOf({ ...plain, ...(data && { data }), ...(extensions && { extensions }), ...(body && { body }) })
      // A body that fails sends nothing.
      if (body === undefined) assert.deepEqual(made, idsOf(plain))
      else assert.ok(made.every((id) => idsOf(plain).includes(id)))
    }),
    { numRuns: 200, seed, verbose: 1 },
  )
})
