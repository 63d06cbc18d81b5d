/** What expressions may take: units a second, of some 50 ns each, and units at once. */
export type Rates = {
  /** Of one namespace, a tenth of a core. */
  namespace: number
  /** Of all namespaces together, three tenths. */
  all: number
  /** So many seconds' worth may be taken at once. */
  burstSeconds: number
  /** Units that a namespace which owes nothing may take in any case, 1 ms: those who take much leave it nothing else, for a moment. */
  own: number
}

export const rates: Rates = { namespace: 2_000_000, all: 6_000_000, burstSeconds: 2, own: 20_000 }

/**
 * Units that a namespace may take which owes `debt`, where all owe `total`, its own included. Nobody may owe more than is left for others: those who take much come
 * to owe the same, and who comes anew finds as much.
 */
export function roomFor(debt: number, total: number, { namespace, all, burstSeconds, own }: Rates = rates): number {
  const left = all * burstSeconds - total
  return Math.max(own, Math.min(namespace * burstSeconds, left)) - debt
}

/** What is left of debts after `seconds`: each pays the same part of what all may take, what one does not need is for the others. `debts`: least first. */
export function paidOff(debts: readonly number[], seconds: number, { namespace, all }: Rates = rates): number[] {
  let left = all * seconds
  return debts.map((debt, index) => {
    const paid = Math.min(debt, namespace * seconds, left / (debts.length - index))
    left -= paid
    return debt - paid
  })
}
