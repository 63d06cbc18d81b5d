import type { Environment } from '@marcbachmann/cel-js'
import type { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'

const timestamp = 'google.protobuf.Timestamp'
const duration = 'google.protobuf.Duration'

/** Conversions of the CEL specification (langdef, Standard Definitions) that cel-js lacks. */
export function declareConversions(environment: Environment): void {
  const sync = { async: false }
  environment
    .registerFunction('int(uint): int', (value: UnsignedInt) => value.value, sync)
    .registerFunction(`int(${timestamp}): int`, (time: Date) => BigInt(Math.floor(time.getTime() / 1000)), sync)
    .registerFunction(`string(${timestamp}): string`, (time: Date) => time.toISOString().replace('.000Z', 'Z'), sync)
    .registerFunction(`string(${duration}): string`, (length: Duration) => length.toString(), sync)
    .registerFunction(`timestamp(${timestamp}): ${timestamp}`, (time: Date) => time, sync)
    .registerFunction(`duration(${duration}): ${duration}`, (length: Duration) => length, sync)
}

const charactersPerUnit = 16

/** Of CEL's strings extension what cel-js lacks and texts for people need: without it no &, < or > could be escaped. */
export function declareTexts(environment: Environment, spend: (units: number) => void): void {
  const replace = (text: string, old: string, replacement: string): string => {
    const times = old === '' ? text.length + 1 : text.split(old).length - 1
    // Before it is made: a short expression can make a text that no memory holds.
    spend((text.length + times * replacement.length) / charactersPerUnit)
    return text.replaceAll(old, () => replacement)
  }
  environment.registerFunction('string.replace(string, string): string', replace, { async: false })
}
