import { printable } from '../table.ts'
import type { Explained } from './explained.ts'
import type { ExplainedEvent, ExplainedMilestone, Explanation } from './judge-object.ts'

/** For people: each subscription with what it makes of each object. Requests stand as they go over the wire. */
export function show({ refused, explanations }: Explained): string {
  const blocks = [
    ...refused.map(({ kind, name, reason, problems }) => [
      `${kind} ${name} can't be used (${reason}):`,
      ...problems.map((problem) => `  ${problem}`),
    ]),
    ...explanations.map(showOne),
  ]
  return blocks.map((lines) => `${lines.map(printable).join('\n')}\n`).join('\n')
}

function showOne({ subscription, object, outOfReach, assumed, milestones, absent }: Explanation): string[] {
  const { kind, namespace, name } = object
  return [
    `EventSubscription ${subscription}, ${kind} ${namespace ? `${namespace}/` : ''}${name}:`,
    ...(outOfReach === undefined ? [] : ['', `  nothing matches: ${outOfReach}`]),
    ...(assumed === undefined ? [] : ['', `  assumed ${assumed}`]),
    ...milestones.flatMap(showMilestone),
    ...(absent.length > 0 ? ['', '  asked for, and not shown by the object:'] : []),
    ...absent.map((one) => `    ${one.name} (${one.class}): ${one.when}`),
  ]
}

function showMilestone(milestone: ExplainedMilestone): string[] {
  const { name, time, outcome, reason, verdict, why, events, problems, without } = milestone
  const ending = [outcome, reason].filter(Boolean).join(', ')
  return [
    '',
    `  ${name}  ${time}${ending ? `  ${ending}` : ''}`,
    `    ${verdict === 'match' ? 'matches' : `no match: ${why}`}`,
    ...problems.map((one) => `    ${one.format}: not sent, ${one.reason}: ${one.message}`),
    ...without.map((format) => `    ${format}: has no event for it`),
    ...events.flatMap(showEvent),
  ]
}

function showEvent({ format, type, sink, bytes, limit, verdict, request }: ExplainedEvent): string[] {
  const fate = {
    sent: `sent to ${sink}`,
    reduced: `sent to ${sink}, made smaller: whole it would be larger than its limit`,
    TooLarge: `a dead letter of ${sink}: TooLarge`,
  }[verdict]
  return [
    '',
    `    ${format}: ${type}: ${fate} (${bytes} of at most ${limit} bytes)`,
    '',
    `      POST ${request.url ?? `(the address of EventSink ${sink} is not known)`}`,
    ...Object.entries(request.headers).map(([name, value]) => `      ${name}: ${value}`),
    '',
    `      ${request.body}`,
  ]
}
