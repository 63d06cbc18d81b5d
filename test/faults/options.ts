import { parseArgs } from 'node:util'
import { accept, refuse, type Verdict } from '../../src/api/verdict.ts'
import type { Fault } from './fault.ts'

export type Options = {
  faults: Fault[]
  seed: number
  quick: boolean
  minutes: number | undefined
  lanes: number
  keep: string | undefined
}

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
export const flags = {
  only: text,
  seed: text,
  minutes: text,
  lanes: text,
  keep: text,
  quick: flag,
  list: flag,
  help: { ...flag, short: 'h' },
} as const

export const usage = (faults: readonly Fault[]): string => `Usage: npm run faults [-- flags]
  --only F3,F14     only these
  --seed N          for everything that is random; printed, and another at each run when left out
  --quick           about a twentieth of the sizes
  --minutes N       a soak: the same again and again, each round with the next seed, until N minutes are over
  --lanes N         control planes at once; default 3
  --keep DIR        keep truth, arrivals, findings and logs of what was red there
  --list            what each may cost; does nothing
  --help

${faults.map(({ id, onlyAsked, title }) => `  ${id.padEnd(9)} ${title}${onlyAsked ? ' (by --only, or --quick)' : ''}`).join('\n')}

One line for each fault as it ends; the last line is JSON. Exit code 1 where a fault cost more than was stated, or there was no time for it: a call takes less than nine minutes.
`

export type Asked = Options | 'help' | 'list'

export function readOptions(args: string[], all: readonly Fault[], random: () => number): Verdict<Asked> {
  let values: ReturnType<typeof parseArgs<{ options: typeof flags }>>['values']
  try {
    values = parseArgs({ args, options: flags }).values
  } catch (error) {
    return refuse('FlagInvalid', (error as Error).message)
  }
  if (values.help) return accept('help')
  if (values.list) return accept('list')
  const number = (name: 'seed' | 'minutes' | 'lanes') => (values[name] === undefined ? undefined : Number(values[name]))
  const wrong = (['seed', 'minutes', 'lanes'] as const).find((name) => !((number(name) ?? 1) > 0))
  if (wrong) return refuse('FlagInvalid', `--${wrong} must be a number above 0`)
  const wanted = values.only?.split(',').map((id) => id.trim().toLowerCase())
  const unknown = wanted?.find((id) => !all.some((fault) => fault.id.toLowerCase() === id))
  if (unknown !== undefined)
    return refuse('FlagInvalid', `no fault ${unknown}; there are ${all.map(({ id }) => id).join(', ')}`)
  return accept({
    faults: all.filter(({ id, onlyAsked }) => wanted?.includes(id.toLowerCase()) ?? (values.quick || !onlyAsked)),
    seed: number('seed') ?? 1 + Math.floor(random() * 999_999),
    quick: values.quick ?? false,
    minutes: number('minutes'),
    lanes: number('lanes') ?? 3,
    keep: values.keep,
  })
}
