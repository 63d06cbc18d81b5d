import { type SinkDefaults, sinkDefaults } from './defaults.ts'

/** What the administrator decides for all tenants. It may change while the operator runs: read it each time, keep no part of it. */
export type Policy = {
  /** Whose subscriptions may have a namespaceSelector, and whose sinks may be defaults. */
  adminNamespaces: ReadonlySet<string>
  /** Kinds without a catalogue that subscriptions of other namespaces may be of, as `<Kind>.<group>`. */
  tenantKinds: ReadonlySet<string>
  egress: EgressPolicy
  /** Whether a Secret needs the label carillon.dev/credential. */
  requireCredentialLabel: boolean
  quotas: Quotas
  /** What counts where a sink says nothing; times in ms. */
  defaults: SinkDefaults
}

/** Where connections may go, for all that tenants name. */
export type EgressPolicy = {
  /** Ranges that pass though they are refused by default. Loopback and link-local pass only by a range that lies within them. */
  allowCidrs: readonly string[]
  /** Names that pass whatever they resolve to: `hooks.example.com`, or `*.example.com` for all below it. Never link-local. */
  allowHosts: readonly string[]
  /** Ports that pass though they are refused by default (ssh, mail, DNS, etcd, kubelet, …). */
  allowPorts: readonly number[]
  /** A forward proxy for what `noProxy` does not name; undefined: none. */
  proxy: { url: string; noProxy: readonly string[] } | undefined
}

/** What a namespace may have; undefined: no bound. */
export type Quotas = {
  sinks: number | undefined
  subscriptions: number | undefined
  /** Attempts a second for all subscriptions of a namespace. */
  eventsPerSecond: number | undefined
  /** Requests under way at the same time to all sinks of a namespace. */
  connections: number | undefined
  /** What the expressions of a namespace's subscriptions may cost together, in the units of cel/cost.ts. */
  filterCost: number | undefined
  /** What may wait for all subscriptions of a namespace. */
  pending: { rows: number; bytes: number }
}

/** The policy of an administrator who says nothing. */
export const defaultPolicy: Policy = {
  adminNamespaces: new Set(),
  tenantKinds: new Set(),
  egress: { allowCidrs: [], allowHosts: [], allowPorts: [], proxy: undefined },
  requireCredentialLabel: true,
  quotas: {
    sinks: 100,
    subscriptions: 200,
    eventsPerSecond: undefined,
    connections: 256,
    filterCost: 1_000_000,
    pending: { rows: 200_000, bytes: 2 ** 30 },
  },
  defaults: sinkDefaults,
}
