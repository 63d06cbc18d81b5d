import { formats } from '../formats/index.ts'
import { fullJitter, pause } from '../kube/backoff.ts'
import { certificateKeeper } from '../operator/admission/keeper.ts'
import { lives } from '../operator/admission/renewal.ts'
import { review } from '../operator/admission/review.ts'
import { type AdmissionServer, serveAdmission } from '../operator/admission/server.ts'
import { Loops } from '../operator/loops.ts'
import { sourcesOfFamilies } from '../sources/index.ts'
import type { Metrics } from '../status/metrics.ts'
import { type Ground, now } from './parts.ts'

/** A certificate that somebody damaged, or an authority that somebody took out, is noticed after so long. */
const checkMs = 10_000
/** While one certificate takes another's place. */
const soonMs = 2_000

/**
 * The admission webhook, where it is wanted: an instance that waits for the Lease answers, too. Its certificate is looked after as long as it
 * is there. Rejects when the address can't be listened on.
 */
export async function serveWebhook(ground: Ground, metrics: Metrics): Promise<AdmissionServer | undefined> {
  const { client, config, egress, log, policy } = ground
  const { webhook, namespace } = config
  if (!webhook) return undefined
  const { class: own, watchNamespaces } = config
  const deps = {
    sources: sourcesOfFamilies(config.sources),
    formats,
    class: own,
    watchNamespaces,
    policy,
    checkUrl: (url: string, toService?: boolean) => egress.check(url, toService),
  }
  const server = await serveAdmission({
    ...webhook.listen,
    review: (body) => review(body, deps),
    monotonic: () => performance.now(),
    answered: (result) => metrics.reviews.inc({ result }),
    log,
  })
  const check = certificateKeeper({
    client,
    namespace,
    secret: webhook.name,
    configuration: webhook.configuration,
    hosts: [`${webhook.name}.${namespace}.svc`, ...webhook.hosts],
    lives,
    now,
    serve: server.serve,
    log,
  })
  const loops = new Loops({
    log,
    pause: (attempt, signal) => pause(Math.max(1_000, fullJitter(attempt, Math.random)), signal),
    failed: (key) => metrics.loopFailures.inc({ loop: key }),
  })
  loops.start('webhook-certificate', async (signal) => {
    while (!signal.aborted) {
      await pause((await check()) ? soonMs : checkMs, signal)
    }
  })
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await loops[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
