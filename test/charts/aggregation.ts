import type { KubeObject } from '../../src/api/object.ts'
import type { AdminClient } from '../controlplane/admin.ts'

type ClusterRole = KubeObject & {
  rules?: object[]
  aggregationRule: { clusterRoleSelectors: { matchLabels: Record<string, string> }[] }
}

const api = '/apis/rbac.authorization.k8s.io/v1/clusterroles'

/**
 * Gives view, edit and admin the rules of the ClusterRoles that their own aggregationRule selects, as the controller manager does, which these control
 * planes do without. edit takes from view, and admin from edit, so the order counts. Throws where the API server refuses.
 */
export async function aggregateRoles(admin: AdminClient): Promise<void> {
  for (const name of ['view', 'edit', 'admin']) {
    const role = (await answerOf(admin, 'GET', `${api}/${name}`)) as ClusterRole
    const rules: object[] = []
    for (const { matchLabels } of role.aggregationRule.clusterRoleSelectors) {
      const selector = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
      const list = await answerOf(admin, 'GET', `${api}?labelSelector=${encodeURIComponent(selector.join())}`)
      rules.push(...(list as { items: ClusterRole[] }).items.flatMap((one) => one.rules ?? []))
    }
    await answerOf(admin, 'PUT', `${api}/${name}`, { ...role, rules })
  }
}

async function answerOf(admin: AdminClient, method: string, path: string, sent?: object): Promise<unknown> {
  const { status, body } = await admin.request(method, path, sent)
  if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`)
  return body
}
