type Write = (fields: Record<string, unknown>, message: string) => void

/** What every part logs to; a pino logger is one. `fields` never hold a secret or a whole object. */
export type KubeLog = { debug: Write; info: Write; warn: Write; error: Write }
