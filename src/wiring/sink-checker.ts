import type { EventSink } from '../api/generated.ts'
import { serviceOf, sinkUrl } from '../api/sink-url.ts'
import type { SinkChecks } from '../operator/sink.ts'
import type { AccessReader } from './access.ts'
import type { Ground } from './parts.ts'

/** Looks at what a sink refers to, before it is judged. */
export function sinkChecker({ egress, services }: Pick<Ground, 'egress' | 'services'>, access: AccessReader) {
  return async (sink: EventSink, fresh: boolean): Promise<SinkChecks> => {
    const ref = serviceOf(sink)
    const [service, credentials] = await Promise.all([ref && services.check(ref), access(sink, fresh)])
    return { url: egress.check(sinkUrl(sink)), service, credentials }
  }
}
