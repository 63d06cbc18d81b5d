import fc from 'fast-check'
import type { LooseEvent } from '../../../src/formats/cdevents/event.ts'
import type { Fields, Rule } from '../../../src/formats/cdevents/rules.ts'
import { isEventName, vocabulary } from '../../../src/formats/cdevents/vocabulary.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const filled = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const uri = fc.webUrl({ withFragments: true, withQueryParameters: true })
const reference = fc.oneof(
  uri,
  fc.webPath().filter((path) => path !== ''),
  fc.constantFrom('/a/b', 'my-git.example/org', '?x'),
)
const id = fc.oneof(filled, fc.constant('pkg:oci/app@sha256%3A0b31?repository_url=mycr.io/app'))
const purl = filled.map((name) => `pkg:generic/${encodeURIComponent(name.toWellFormed())}@1?tag=x`)

function anyOf(rule: Rule): fc.Arbitrary<unknown> {
  switch (rule.is) {
    case 'text':
      if (rule.oneOf) return fc.constantFrom(...rule.oneOf)
      if (rule.purl) return purl
      if (rule.format) return rule.format === 'uri' ? uri : reference
      return rule.filled ? filled : text
    case 'texts':
      return fc.array(text, { maxLength: 3 })
    case 'object':
      return contentOf(rule.fields)
  }
}

/** All that is required, any of the rest. */
function contentOf(fields: Fields): fc.Arbitrary<Record<string, unknown>> {
  const values = Object.entries(fields).map(([name, { rule }]) => [name, anyOf(rule)] as const)
  const requiredKeys = Object.entries(fields).flatMap(([name, { required }]) => (required ? [name] : []))
  return fc.record(Object.fromEntries(values), { requiredKeys })
}

const link = fc.oneof(
  fc.record({
    linkType: fc.constant('PATH' as const),
    from: fc.record({ contextId: filled }),
    tags: fc.dictionary(text, text),
  }),
  fc.record({
    linkType: fc.constant('RELATION' as const),
    linkKind: filled,
    target: fc.record({ contextId: filled }),
    tags: fc.constant({}),
  }),
  fc.record({ linkType: fc.constant('END' as const), from: fc.record({ contextId: filled }), tags: fc.constant({}) }),
)

const envelope = fc.record(
  {
    id,
    source: reference,
    timestamp: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') })
      .map((date) => date.toISOString()),
    chainId: fc.uuid(),
    links: fc.array(link, { minLength: 1, maxLength: 4 }),
    customData: fc.dictionary(text, fc.jsonValue(), { maxKeys: 3 }),
    customDataContentType: fc.constant('application/json'),
  },
  { requiredKeys: ['id', 'source', 'timestamp'] },
)

const names = Object.keys(vocabulary).filter(isEventName)

/** Events of the whole vocabulary and custom ones, valid in both versions, and for the Go SDK where all their package URLs are there. */
export const events: fc.Arbitrary<LooseEvent> = fc
  .oneof(
    {
      weight: 9,
      arbitrary: fc
        .constantFrom(...names)
        .chain((name) => fc.tuple(fc.constant(name), contentOf(vocabulary[name]?.content ?? {}))),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constantFrom(
          'dev.cdeventsx.tool-thing.made.0.1.0' as const,
          'dev.cdeventsx.konflux-snapshot.created.1.2.3' as const,
        ),
        fc.dictionary(text, fc.jsonValue(), { maxKeys: 3 }),
      ),
    },
  )
  .chain(([name, content]) =>
    fc
      .tuple(envelope, fc.record({ id, source: reference }, { requiredKeys: ['id'] }))
      .map(
        ([rest, subject]): LooseEvent =>
          JSON.parse(JSON.stringify({ ...rest, name, subject: { ...subject, content } })),
      ),
  )

/** Any JSON, and what JavaScript has besides. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true }),
)
