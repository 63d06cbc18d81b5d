import { setImmediate } from 'node:timers/promises'

/** So long (ms) an answer is remembered, for those who ask again. */
const keptMs = 60_000

/**
 * Asks places that tenants name, for whoever must not wait for them: where the answer is not there at once, `told` is called when it is, and
 * the next question of the same form gets it. Until then, what was answered last; undefined where nothing was. `now` in ms.
 */
export function lately<T>(now: () => number) {
  const asking = new Set<string>()
  const answers = new Map<string, { at: number; answer: T; isNews: boolean }>()
  return async (form: string, ask: () => Promise<T>, told: () => void): Promise<T | undefined> => {
    const at = now()
    for (const [key, entry] of answers) if (at - entry.at >= keptMs || at < entry.at) answers.delete(key)
    const last = answers.get(form)
    if (last?.isNews || asking.has(form)) {
      if (last) last.isNews = false
      return last?.answer
    }
    asking.add(form)
    const asked = ask().finally(() => asking.delete(form))
    const soon = await Promise.race([asked.then((answer) => ({ answer })), setImmediate(undefined)])
    if (soon) return soon.answer
    // What could not be asked is asked again.
    asked.then((answer) => {
      answers.set(form, { at: now(), answer, isNews: true })
      told()
    }, told)
    return last?.answer
  }
}
