/** `{n}`, `{n,}` and `{n,m}`, as RE2 has them; all else in braces is text or a name. */
const repetition = /^\{(\d+)(?:,(\d*))?\}/
const atom = /^(?:\\[pPx]\{[^}]*\}|\\?.)/su

/**
 * At least half of the instructions that RE2 makes of a pattern, found without making them: it writes out each counted repetition, so that
 * a line of `.{1000}` comes to megabytes. Which `(` a `)` closes is not looked for, as it may stand in a class or be quoted: a repeated
 * group counts as all that stands before it.
 */
export function patternSize(pattern: string): number {
  let total = 0
  let last = 0
  let rest = pattern
  while (rest !== '') {
    const counted = repetition.exec(rest)
    if (counted) {
      const [, from = '', to = ''] = counted
      const times = Math.max(Number(from) + 1, Number(to))
      total += last * (times - 1)
      last *= times
    } else {
      total += 1
      last = rest.startsWith(')') ? total : 1
    }
    rest = rest.slice(counted?.[0].length ?? atom.exec(rest)?.[0].length ?? 1)
  }
  return total
}
