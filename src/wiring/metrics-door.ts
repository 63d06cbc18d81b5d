import type { KubeClient } from '../kube/client.ts'
import type { KubeLog } from '../kube/log.ts'
import { mayGet, reviewToken } from '../kube/reviews.ts'
import { scrapeAccess } from '../operator/scrape-access.ts'

/** Who may have /metrics: whom the API server knows by their token, and lets get that path. */
export const metricsDoor = (client: KubeClient, log: KubeLog) =>
  scrapeAccess({
    user: (token) => reviewToken(client, token),
    mayScrape: (user) => mayGet(client, user, '/metrics'),
    monotonic: () => performance.now(),
    failed: (error) => log.warn({ err: error }, 'who asks for /metrics can not be looked up: they are refused'),
  })
