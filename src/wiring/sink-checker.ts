import type { EventSink } from '../api/generated.ts'
import { serviceOf, sinkUrl } from '../api/sink-url.ts'
import { accept } from '../api/verdict.ts'
import type { SinkChecks } from '../operator/sink.ts'
import type { AccessReader } from './access.ts'
import type { Ground } from './parts.ts'

/** Looks at what a sink refers to, before it is judged; `known`: where that was found fine, only at what the administrator allows. */
export function sinkChecker({ egress, services }: Pick<Ground, 'egress' | 'services'>, access: AccessReader) {
  return async (sink: EventSink, fresh: boolean, known = false): Promise<SinkChecks> => {
    const ref = serviceOf(sink)
    const url = egress.check(sinkUrl(sink), ref !== undefined)
    if (known) return { url, credentials: accept(undefined) }
    const [service, credentials] = await Promise.all([ref && services.check(ref), access(sink, fresh)])
    return { url, service, credentials }
  }
}
