// Loaded before the operator: its wall clock is off by as many ms as a file says; the monotonic one is as ever.
import { readFileSync } from 'node:fs'

const file = process.env.CLOCK_SHIFT_FILE ?? ''
const RealDate = Date
const realNow = Date.now.bind(Date)
let shift = 0

const read = (): void => {
  const said = Number(readFileSync(file, 'utf8'))
  if (Number.isFinite(said)) shift = said
}
read()
setInterval(read, 50).unref()

class ShiftedDate extends RealDate {
  constructor(...args: [] | [number | string | Date]) {
    super(...((args.length === 0 ? [realNow() + shift] : args) as [number]))
  }
  static override now(): number {
    return realNow() + shift
  }
}
globalThis.Date = ShiftedDate as DateConstructor
