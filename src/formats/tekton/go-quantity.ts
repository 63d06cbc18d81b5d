/** 10^exponent or 2^exponent for each suffix, and the way in which the whole is written. */
type Unit = { base: 2n | 10n; exponent: number; format: 'DecimalSI' | 'DecimalExponent' | 'BinarySI' }

const decimalSuffixes = new Map([
  [-9, 'n'],
  [-6, 'u'],
  [-3, 'm'],
  [0, ''],
  [3, 'k'],
  [6, 'M'],
  [9, 'G'],
  [12, 'T'],
  [15, 'P'],
  [18, 'E'],
])
const binarySuffixes = new Map(['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((suffix, index) => [index, suffix]))

const units = new Map<string, Unit>([
  ...[...decimalSuffixes].map(([exponent, suffix]): [string, Unit] => [
    suffix,
    { base: 10n, exponent, format: 'DecimalSI' },
  ]),
  ...[...binarySuffixes]
    .slice(1)
    .map(([index, suffix]): [string, Unit] => [suffix, { base: 2n, exponent: 10 * index, format: 'BinarySI' }]),
])

const quantity = /^([+-]?)(0*)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[+-]?\d*)$/
const exponential = /^[eE]([+-]?\d+)$/
// Nearly all that there are: no more than a small whole number and a suffix, and already as Go writes them.
const usual = /^(?:0|[1-9]\d{0,2}[mkMGT]?|(?:[1-9]\d{0,7})?[13579](?:Ki|Mi|Gi))$/

const most = { digits: 200, exponent: 1000 }
const maxInt64 = 2n ** 63n - 1n

/**
 * A quantity as Kubernetes writes it again after reading (`0.5` → `500m`, `1000m` → `1`, 2 → `2`): k8s.io/apimachinery,
 * pkg/api/resource, ParseQuantity and CanonicalizeBytes, what it leaves as written (`1.500`, `+5`) and its slips (`1000E` → `1`) too.
 * What is no quantity, or one beyond all measure, passes as it is.
 */
export function goQuantity(value: unknown): unknown {
  if (typeof value === 'string') return usual.test(value) ? value : (canonical(value.trim()) ?? value)
  return typeof value === 'number' ? (canonical(String(value)) ?? value) : value
}

function canonical(text: string): string | undefined {
  const parts = quantity.exec(text)
  if (!parts || text === '') return undefined
  const [, sign = '', zeros = '', whole = '', fraction = '', suffix = ''] = parts
  const unit = unitOf(suffix)
  const digits = (whole || '0') + fraction
  if (!unit || digits.length > most.digits || Math.abs(unit.exponent) > most.exponent) return undefined
  const scale = (unit.base === 10n ? unit.exponent : 0) - fraction.length
  if (isKept(unit, digits, fraction, scale)) return text
  const exact = isExact(unit, digits, fraction, scale)
  if (!exact && zeros + whole + fraction === '') return undefined
  const magnitude = BigInt(digits) * (unit.base === 2n ? 2n ** BigInt(unit.exponent) : 1n)
  if (magnitude === 0n) return '0'
  const written = exact ? write(magnitude, scale, unit.format) : writeRounded(magnitude, scale, unit.format)
  return sign === '-' ? `-${written}` : written
}

function unitOf(suffix: string): Unit | undefined {
  const [, exponent] = exponential.exec(suffix) ?? []
  if (exponent === undefined) return units.get(suffix)
  return { base: 10n, exponent: Number(exponent), format: 'DecimalExponent' }
}

/** Whether ParseQuantity holds it as a 64 bit number: by so many digits as it deems safe, down to billionths. */
function isExact({ base, exponent }: Unit, { length }: string, fraction: string, scale: number): boolean {
  if (base === 10n) return length <= 18 && scale >= -9
  return fraction === '' && 14 - length - Math.trunc((exponent * 3) / 10) >= 0
}

/** Whether ParseQuantity takes it to be canonical, and keeps the very text. */
function isKept(unit: Unit, digits: string, fraction: string, scale: number): boolean {
  if (!isExact(unit, digits, fraction, scale)) return false
  if (unit.base === 2n) return (BigInt(digits) & 7n) !== 0n
  return scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0')
}

/** To billionths, away from zero; binary ones to no more than a 64 bit number. */
function writeRounded(magnitude: bigint, scale: number, format: Unit['format']): string {
  const surplus = -9 - scale
  const divisor = 10n ** BigInt(Math.max(surplus, 0))
  const nanos = surplus > 0 ? (magnitude + divisor - 1n) / divisor : magnitude * 10n ** BigInt(-surplus)
  const cap = maxInt64 * 10n ** 9n
  return write(format === 'BinarySI' && nanos > cap ? cap : nanos, -9, format)
}

/** magnitude × 10^scale, not zero: with the largest suffix that leaves a whole number. */
function write(magnitude: bigint, scale: number, format: Unit['format']): string {
  const binary = format === 'BinarySI' ? wholeFrom1024(magnitude, scale) : undefined
  if (binary !== undefined) {
    const [amount, times] = withoutFactors(binary, 1024n)
    return `${amount}${binarySuffixes.get(times) ?? ''}`
  }
  const [amount, times] = withoutFactors(magnitude, 10n)
  const exponent = Math.floor((scale + times) / 3) * 3
  const number = amount * 10n ** BigInt(scale + times - exponent)
  if (format === 'DecimalExponent') return exponent === 0 ? String(number) : `${number}e${exponent}`
  return `${number}${decimalSuffixes.get(exponent) ?? ''}`
}

/** The number where it is whole and at least 1024: a smaller one is written in decimal, lest it be rounded. */
function wholeFrom1024(magnitude: bigint, scale: number): bigint | undefined {
  const divisor = 10n ** BigInt(-scale)
  const amount = magnitude / divisor
  return magnitude % divisor === 0n && amount >= 1024n ? amount : undefined
}

function withoutFactors(value: bigint, factor: bigint): [bigint, number] {
  let times = 0
  let rest = value
  while (rest % factor === 0n) {
    rest /= factor
    times += 1
  }
  return [rest, times]
}
