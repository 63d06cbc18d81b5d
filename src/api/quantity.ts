import { accept, refuse, type Verdict } from './verdict.ts'

const suffixes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

const quantity = /^([0-9]+(?:\.[0-9]+)?)(?:([kMGTPE]|[KMGTPE]i)|[eE]([0-9]{1,2}))?$/

/**
 * A quantity as Kubernetes writes it (apimachinery, resource.Quantity), as a whole number: `200000`, `1Gi`, `1.5G`, `2e6`. Parts of one
 * are rounded up. Signs, thousandths, zero, and what a number can't hold exactly are refused with reason `QuantityInvalid`.
 */
export function parseQuantity(text: string): Verdict<number> {
  const [, amount = '', suffix = '', exponent] = quantity.exec(text) ?? []
  const scale = exponent === undefined ? (suffixes[suffix] ?? Number.NaN) : 10 ** Number(exponent)
  const value = Math.ceil(amount === '' ? Number.NaN : Number(amount) * scale)
  if (value > 0 && Number.isSafeInteger(value)) return accept(value)
  return refuse(
    'QuantityInvalid',
    `'${text.slice(0, 40)}' is no quantity${value === 0 ? ' above 0' : ''}: use a number such as 200000, 512Mi or 1Gi`,
  )
}

const binary = ['Ki', 'Mi', 'Gi', 'Ti'] as const

/** Bytes as people read them: `900`, `1.5Mi`. */
export function showBytes(bytes: number): string {
  let shown = String(bytes)
  for (const [at, unit] of binary.entries()) {
    const scaled = bytes / 2 ** (10 * (at + 1))
    if (scaled < 1) break
    shown = `${Math.round(scaled * 10) / 10}${unit}`
  }
  return shown
}
