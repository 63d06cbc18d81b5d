import { sources } from '../../src/sources/index.ts'
import { selectableFamilies } from '../../src/sources/source.ts'

/** The right to read the kinds of each family, in every group that they are read in: a file for each value of config.sources. */
export async function generate(): Promise<Map<string, string>> {
  return new Map(
    selectableFamilies.map((family) => [`charts/carillon/rbac/sources/${family}.yaml`, rulesOf(family)] as const),
  )
}

function rulesOf(family: string): string {
  const groups = Map.groupBy(
    Object.values(sources).filter((source) => source.family === family),
    ({ group }) => group,
  )
  const rules = [...groups].map(
    ([group, kinds]) =>
      `- apiGroups: [${group}]\n  resources: [${kinds.map(({ plural }) => plural).join(', ')}]\n  verbs: [list, watch]\n`,
  )
  return `# What npm run generate makes of src/sources: only where config.sources has ${family}.\n${rules.join('')}`
}
