import { appendFileSync } from 'node:fs'
import type { Moment } from './evidence.ts'

/** The log of writes that the API server acknowledged, on disk as it grows. */
export type Truth = {
  readonly moments: readonly Moment[]
  note(moment: Omit<Moment, 'at'>): void
}

export function openTruth(file: string): Truth {
  const moments: Moment[] = []
  return {
    moments,
    note(moment) {
      const whole = { at: Date.now(), ...moment }
      moments.push(whole)
      appendFileSync(file, `${JSON.stringify(whole)}\n`)
    },
  }
}
