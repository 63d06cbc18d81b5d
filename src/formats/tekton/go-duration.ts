const nanoseconds: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

const part = /(\d+)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g
// What Go wrote, in whole seconds: nearly all that there are.
const canonical = /^(?:[1-9]\d*h[1-5]?\dm|(?:[1-9]|[1-5]\d)m)?[1-5]?\ds$/
const whole = /^[+-]?(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+$/

/**
 * A duration as Go's time.Duration prints it (`1h` → `1h0m0s`, `90s` → `1m30s`): Kubernetes' metav1.Duration writes it so, whatever
 * its author wrote. What is not a Go duration passes as it is.
 */
export function goDuration(value: unknown): unknown {
  if (typeof value !== 'string' || canonical.test(value) || !whole.test(value)) return value
  let total = 0n
  for (const [, integer = '0', fraction = '', unit = 's'] of value.matchAll(part)) {
    const scale = nanoseconds[unit] ?? 1n
    total += BigInt(integer) * scale
    if (fraction) total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length)
  }
  const printed = print(total)
  return value.startsWith('-') && total !== 0n ? `-${printed}` : printed
}

function print(total: bigint): string {
  if (total === 0n) return '0s'
  for (const [unit, scale, above] of [
    ['ns', 1n, 1_000n],
    ['µs', 1_000n, 1_000_000n],
    ['ms', 1_000_000n, 1_000_000_000n],
  ] as const) {
    if (total < above) return decimal(total, scale) + unit
  }
  const minutes = total / 60_000_000_000n
  const seconds = `${decimal(total % 60_000_000_000n, 1_000_000_000n)}s`
  if (minutes === 0n) return seconds
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`
}

function decimal(value: bigint, scale: bigint): string {
  const digits = String(scale).length - 1
  const fraction =
    digits > 0
      ? String(value % scale)
          .padStart(digits, '0')
          .replace(/0+$/, '')
      : ''
  return `${value / scale}${fraction && `.${fraction}`}`
}
