import { accept, refuse, type Verdict } from './verdict.ts'

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

const whole = /^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+$/
const part = /([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g

/**
 * A duration as Go writes it (time.ParseDuration), in ms: `15s`, `1h30m`, `1.5h`. Units are ms, s, m and h, as in the CRDs.
 * Zero, signs, and what a number can't hold exactly are refused with reason `DurationInvalid`.
 */
export function parseDuration(text: string): Verdict<number> {
  if (!whole.test(text)) return invalid(text)
  let ms = 0
  for (const [, amount, unit] of text.matchAll(part)) ms += Number(amount) * (units[unit ?? ''] ?? Number.NaN)
  const rounded = Math.round(ms)
  return rounded > 0 && Number.isSafeInteger(rounded) ? accept(rounded) : invalid(text)
}

const invalid = (text: string): Verdict<number> =>
  refuse(
    'DurationInvalid',
    `'${text.slice(0, 40)}' is no duration: use numbers with ms, s, m or h, such as 15s or 1h30m`,
  )
