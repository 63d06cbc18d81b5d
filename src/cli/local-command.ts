import type { Verdict } from '../api/verdict.ts'
import type { ClusterOptions } from '../kube/kubeconfig.ts'
import type { CommandText } from './command-text.ts'
import type { Given } from './parse-flags.ts'
import type { Surroundings } from './surroundings.ts'

/** What a local command is given: besides what all are, where a cluster may be found, and what comes on stdin. */
export type LocalSurroundings = Surroundings & { cluster: ClusterOptions; stdin(): Promise<string> }

/** What was asked for, ready to be done. Refused is what ends with a message and an exit code. */
export type LocalRun = (around: LocalSurroundings) => Promise<Verdict>

/** A command that does its work by itself: no operator has to run. */
export type LocalCommand = CommandText & {
  /** One line for `carillon --help`. */
  brief: string
  /** Whether it takes words besides its flags. */
  takesWords?: true
  read(given: Given): Verdict<LocalRun>
}
