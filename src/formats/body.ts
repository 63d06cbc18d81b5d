import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { Account } from '../cel/budget.ts'
import { type JsonView, viewOf } from '../cel/json.ts'
import { bodyLimits } from '../cel/limits.ts'
import { compile, type Inputs, type Program } from '../cel/program.ts'
import { recordType } from '../cel/record.ts'
import { type JsonLimits, toJson } from '../cel/to-json.ts'
import { milestoneFields, milestoneValues } from '../sources/milestone-variable.ts'
import { identifiedObject } from './bare.ts'
import { plainEvent } from './binding.ts'
import type { EncodedEvent, EncodeInput, Encoding, Format, FormatProblem } from './format.ts'

/** A filter's `milestone`, and what a text for people needs besides. What there isn't reads as an empty text or map. */
const milestoneType = recordType('Milestone', {
  ...milestoneFields,
  message: 'string',
  details: 'dyn',
})

/** What a body can speak of: the object as it may leave the cluster, and the event that would be sent without a body. */
const bodyVariables = { object: 'dyn', milestone: milestoneType, event: 'dyn' } as const

/** A subscription's `body`, compiled. Refused as BodyInvalid, with line and column. */
export function compileBody(text: string, account?: Account): Verdict<Program> {
  const program = compile(text, { variables: bodyVariables, result: 'json', limits: bodyLimits, account })
  return program.ok ? accept(program.value) : refuse('BodyInvalid', `body: ${program.message}`)
}

/** As many characters as a sink can take bytes, and little enough to be made: a short expression can name a large object many times. */
const jsonLimits: JsonLimits = { values: 50_000, depth: 150, characters: 1_048_576 }

/**
 * The format with the body in the place of its CloudEvents: each event of the format gives a request of its own, whose id is that event's.
 * It is as large as the body makes it: the format's own limit is not its limit.
 */
export function withBody({ name, hasSummary, knows, formOf, encode }: Format, body: Program): Format {
  const readsData = [...body.reads].some((part) => part === 'event' || /^event\.data(\.|$)/.test(part))
  return {
    name,
    hasSummary: hasSummary && readsData,
    knows,
    formOf: (options) => `${formOf(options)} ${JSON.stringify(body.source)}`,
    encode: (input) => encodeBodies(encode(input), input, body),
  }
}

function encodeBodies(made: Encoding, input: EncodeInput, body: Program): Encoding {
  const events: EncodedEvent[] = []
  const problems: FormatProblem[] = [...made.problems]
  for (const event of made.events) {
    const json = evaluate(body, inputsOf(input, event))
    if (json.ok) events.push(plainEvent(event, json.value))
    else problems.push({ reason: 'BodyFailed', message: `body: ${json.message}` })
  }
  return { events, problems }
}

function evaluate(body: Program, inputs: Inputs): Verdict<string> {
  const result = body.evaluate(inputs)
  if (!result.ok) return refuse('BodyFailed', result.message)
  const json = toJson(result.value, jsonLimits)
  if (!json.ok) return refuse('BodyFailed', json.message)
  return json.value === undefined
    ? refuse('BodyFailed', 'it gives nothing: an optional that is none')
    : accept(JSON.stringify(json.value))
}

/** Nothing is taken apart, parsed or converted that the expression does not read. */
const inputsOf = (input: EncodeInput, event: EncodedEvent): Inputs => ({
  bind(paths) {
    const values: Record<string, unknown> = {}
    let object: JsonView | undefined
    let told: JsonView | undefined
    const members = paths.filter(({ variable }) => variable === 'object').map(({ keys }) => keys[0])
    const readsData = paths.some(({ variable, keys }) => variable === 'event' && (keys[0] ?? 'data') === 'data')
    for (const { variable, keys, name } of paths) {
      if (variable === 'object') {
        object ??= viewOf(identifiedObject(input.source, input.object, members))
        values.object = object.with(keys, name)
      } else if (variable === 'event') {
        told ??= viewOf(structured(event, readsData))
        values.event = told.with(keys, name)
      } else values.milestone ??= milestoneOf(input)
    }
    return values
  },
})

/** The event as structured mode would send it. */
function structured({ attributes, data }: EncodedEvent, withData: boolean): Record<string, unknown> {
  const event: Record<string, unknown> = JSON.parse(attributes)
  if (withData && data !== undefined) event.data = JSON.parse(data)
  return event
}

const milestoneOf = ({ source, milestone }: EncodeInput): object =>
  milestoneType.of({
    ...milestoneValues(source, milestone),
    message: milestone.message ?? '',
    details: viewOf(milestone.details ?? {}).with([], 'details'),
  })
