import { readCrds } from './crd.ts'

/** Helm installs what lies in a chart's own crds/ folder, so the chart carries copies of the CRDs. */
export async function generate(): Promise<Map<string, string>> {
  const crds = await readCrds()
  return new Map(crds.map((crd) => [`charts/carillon/${crd.path}`, crd.text]))
}
