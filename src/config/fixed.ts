import { isDeepStrictEqual } from 'node:util'
import type { Config } from './config.ts'

/** Keys of config.yaml that are read at the start only, and what they become. */
const fixedKeys: Readonly<Record<string, (config: Config) => unknown>> = {
  sources: (config) => config.sources,
  watchNamespaces: (config) => config.watchNamespaces,
  clusterUri: (config) => config.clusterUri,
  dashboardUrl: (config) => config.dashboardUrl,
  schemaBaseUrl: (config) => config.schemaBaseUrl,
  tekton: (config) => config.tektonConfigNamespace,
  archive: (config) => config.archive,
}

/** Which keys differ that only count from the next start on. */
export function fixedChanges(running: Config, wanted: Config): string[] {
  const changed = Object.entries(fixedKeys).filter(([, of]) => !isDeepStrictEqual(of(running), of(wanted)))
  return [...changed.map(([key]) => key), ...(isReadFromMore(running, wanted) ? ['adminNamespaces'] : [])]
}

/** Where only some namespaces are watched, sinks and subscriptions are read from these and the admin namespaces that the start knew. */
function isReadFromMore({ watchNamespaces, policy }: Config, wanted: Config): boolean {
  const read = policy.adminNamespaces.union(new Set(watchNamespaces))
  return watchNamespaces.length > 0 && !wanted.policy.adminNamespaces.isSubsetOf(read)
}
