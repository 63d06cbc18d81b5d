import { paidOff, roomFor } from './debt.ts'

/** What the expressions of one namespace may still take. */
export type Budget = {
  /** How many units an evaluation may take that may take `most` by its own limits. */
  allowed(most: number): number
  spent(units: number): void
}

/** Who pays for expressions: what they are expected to cost together, and what they may take while they run. */
export type Account = { cost: number; budget?: Budget | undefined }

/** Costs nothing, whatever was spent: an expression that costs as usual never fails for others. 25 µs, some ten times what a filter takes. */
const always = 500
/** Debts are looked through no more often: there may be a thousand. */
const stepMs = 20

type Debt = { units: number }

/**
 * What the expressions of each namespace take of the CPU beyond what is usual. It is owed from the first unit on, and paid off at a rate that all who owe
 * share. One that owes too much, or too much beside the others, has its costly expressions end early, in an error that is counted and told; cheap ones go on.
 */
export class Budgets {
  /** Weakly: of a namespace that owes nothing nothing is kept for longer than its expressions are. */
  private readonly debts = new Map<string, WeakRef<Debt>>()
  private readonly gone = new FinalizationRegistry<string>((namespace) => {
    if (!this.debts.get(namespace)?.deref()) this.debts.delete(namespace)
  })
  private readonly owing = new Set<Debt>()
  private total = 0
  private at = 0
  private readonly now: () => number

  /** `now`: ms on a clock that is never set. */
  constructor(now: () => number) {
    this.now = now
  }

  of(namespace: string): Budget {
    const debt = this.debtOf(namespace)
    return {
      allowed: (most) => {
        // Reading the clock costs as much as a cheap expression: only who may not take all of it is asked when.
        if (roomFor(debt.units, this.total) >= most) return most
        this.settle()
        return Math.min(most, Math.max(always, roomFor(debt.units, this.total)))
      },
      spent: (units) => {
        if (units > always) this.owe(debt, units - always)
      },
    }
  }

  private debtOf(namespace: string): Debt {
    const known = this.debts.get(namespace)?.deref()
    if (known) return known
    const debt = { units: 0 }
    this.debts.set(namespace, new WeakRef(debt))
    this.gone.register(debt, namespace)
    return debt
  }

  private owe(debt: Debt, units: number): void {
    if (this.owing.size === 0) this.at = this.now()
    this.owing.add(debt)
    debt.units += units
    this.total += units
  }

  private settle(): void {
    const now = this.now()
    if (now - this.at < stepMs) return
    const owing = [...this.owing].sort((a, b) => a.units - b.units)
    const left = paidOff(
      owing.map(({ units }) => units),
      (now - this.at) / 1000,
    )
    this.at = now
    this.total = 0
    for (const [index, debt] of owing.entries()) {
      debt.units = left[index] ?? 0
      this.total += debt.units
      if (debt.units === 0) this.owing.delete(debt)
    }
  }
}
