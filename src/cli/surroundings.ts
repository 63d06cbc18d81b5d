/** Where a command writes to: what was asked for, and what is said beside it. */
export type Out = { print(text: string): void; note(line: string): void }

/** What a command is given besides its own words; `now` in ms since the epoch. */
export type Surroundings = { version: string; now: number; out: Out }
