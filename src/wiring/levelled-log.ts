import type { LogLevel } from '../config/config.ts'
import type { KubeLog } from '../kube/log.ts'

/** A log whose level can be set while everybody writes to it. */
export function levelledLog(create: (level: LogLevel) => KubeLog, first: LogLevel) {
  let level = first
  let current = create(first)
  const log: KubeLog = {
    debug: (fields, message) => current.debug(fields, message),
    info: (fields, message) => current.info(fields, message),
    warn: (fields, message) => current.warn(fields, message),
    error: (fields, message) => current.error(fields, message),
  }
  return {
    log,
    setLevel(next: LogLevel): void {
      if (next === level) return
      level = next
      current = create(next)
    },
  }
}
