import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Reasons that a command ends with which asked the running operator: docs/operations.md. */
const ofCommands = [
  'AnswerBroken',
  'DeadLetterNotFound',
  'Interrupted',
  'KindNotReady',
  'NoOperator',
  'NotConfirmed',
  'NotReady',
  'OtherVersion',
  'PermissionDenied',
  'ReplayUnderWay',
  'RequestInvalid',
  'RequestTooLarge',
  'SinkTestFailed',
  'SinkTestUnderWay',
  'SocketFailed',
  'SocketUnavailable',
  'SubscriptionNotFound',
  'SubscriptionStalled',
  'SubscriptionSuspended',
  'Unexpected',
  'UnknownPath',
  // A label of a metric.
  'Purged',
]

/** Reasons that end the program with a message, are only a metric's label, or stand for another in a condition. */
export const atStartOnly: ReadonlySet<string> = new Set([
  'BadKubeconfig',
  'ConfigInvalid',
  'ConfigUnreadable',
  'CredentialsUnreadable',
  'FlagInvalid',
  // What a command was given can't be read, or is not valid.
  'InputInvalid',
  'Invalid',
  'InvalidCIDR',
  'InvalidDashboardURL',
  'LeaseForbidden',
  'LeaseLost',
  'ListenFailed',
  'NamespaceNotFound',
  'NoAPIServer',
  'NoCluster',
  'NotFound',
  'NothingToImport',
  // Of a flag's value: told as FlagInvalid.
  'QuantityInvalid',
  'StorageInUse',
  'StorageTooNew',
  'StorageUnavailable',
  'UnknownCommand',
  'Unreachable',
  // An attempt that we called off ourselves: it does not count, and is not told.
  'Aborted',
  // What the API server is answered that asks for no review: it is in no condition.
  'ReviewInvalid',
  ...ofCommands,
])

/** Every reason that the sources write down: of refusals, conditions, and answers of sinks. */
export function reasonsIn(folder: string): Set<string> {
  const reasons = new Set<string>()
  for (const file of globSync('**/*.ts', { cwd: folder })) {
    const text = readFileSync(join(folder, file), 'utf8')
    for (const pattern of patterns) for (const [, reason = ''] of text.matchAll(pattern)) reasons.add(reason)
    if (file === 'formats/format.ts')
      for (const [, reason = ''] of text.matchAll(/[=|] '([A-Z]\w+)'/g)) reasons.add(reason)
    if (file !== 'delivery/decide.ts') continue
    for (const [, reason = ''] of text.matchAll(/\['\w+', '([A-Z]\w+)'\]/g)) reasons.add(reason)
    for (const [, reason = ''] of text.matchAll(/^ {2}([A-Z]\w+): '\w+',$/gm)) reasons.add(reason)
    for (const [, reason = ''] of text.matchAll(/\? '([A-Z]\w+)' :/g)) reasons.add(reason)
  }
  return reasons
}

const patterns = [/\brefuse\(\s*'([A-Z]\w+)'/g, /\breason: '([A-Z]\w+)'/g, /\bcompileSelector\([^()]*, '([A-Z]\w+)'\)/g]
