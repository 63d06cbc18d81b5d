import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { Family, Source } from '../sources/source.ts'

/** Which kinds besides those with a catalogue subscriptions may be of. */
export type KindRules = {
  /** In namespaces that are no admin's: `<Kind>.<group>`, the group `core` for the one without a name. */
  tenantKinds: ReadonlySet<string>
  isAdmin: boolean
  /** Those that kinds with a catalogue may be of; undefined: all. */
  families?: ReadonlySet<Family> | undefined
}

/** Refused as KindNotEnabled or KindNotAllowed. Who may subscribe could else have sent to themselves what they may not read. */
export function allowKinds(selected: Iterable<Source>, { tenantKinds, isAdmin, families }: KindRules): Verdict {
  for (const { family, name, kind, group } of selected) {
    if (family !== 'generic') {
      if (!families || families.has(family)) continue
      const read = [...families].join(', ')
      return refuse(
        'KindNotEnabled',
        `${name} is of ${family}, and this operator reads only kinds of ${read}: leave it out of events, or ask an admin to add ${family} to sources in carillon-config`,
      )
    }
    const never = whyNever(kind, group)
    if (never !== undefined)
      return refuse('KindNotAllowed', `${name} is never watched: ${never}; leave it out of events`)
    if (!isAdmin && !tenantKinds.has(name))
      return refuse(
        'KindNotAllowed',
        `${name} is none of the kinds that subscriptions outside admin namespaces may be of: ask an admin to add it to tenantKinds in carillon-config`,
      )
  }
  return accept(undefined)
}

/** Groups whose objects are credentials, or answers about them. */
const credentialGroups = /(^|\.)(authentication\.k8s\.io|authorization\.k8s\.io|oauth\.openshift\.io)$/

/** Why a kind is for nobody, admins included; undefined where it may be for somebody. */
export function whyNever(kind: string, group: string): string | undefined {
  if (group === '' && (kind === 'Secret' || kind === 'ConfigMap')) return `it may hold anybody's secrets`
  if (/Tokens?$|Token(Request|Review)$/.test(kind) || credentialGroups.test(group)) return 'it may hold tokens'
  // Each delivery is told in the status: an event of that would be the next.
  if (group === 'carillon.dev') return 'a delivery changes it, so that each event would bring the next'
  return undefined
}
