import type { EventSink } from '../api/generated.ts'
import { keyOf } from '../api/object.ts'
import { serviceOf, sinkUrl } from '../api/sink-url.ts'
import { accept } from '../api/verdict.ts'
import type { SinkChecks } from '../operator/sink.ts'
import type { AccessReader } from './access.ts'
import type { Ground } from './parts.ts'

/**
 * Looks at what a sink refers to, before it is judged; `known`: where that was found fine, only at what the administrator allows. `again`: a sink is
 * to be judged once more, as an answer that was not waited for has come.
 */
export function sinkChecker(
  { egress, services }: Pick<Ground, 'egress' | 'services'>,
  access: Pick<AccessReader, 'check'>,
  again: (key: string) => void,
) {
  return async (sink: EventSink, fresh: boolean, known = false): Promise<SinkChecks> => {
    const ref = serviceOf(sink)
    const url = egress.check(sinkUrl(sink), ref !== undefined)
    if (known) return { url, credentials: accept(undefined) }
    const [service, credentials] = await Promise.all([
      ref && services.check(ref),
      access.check(sink, fresh, () => again(keyOf(sink))),
    ])
    return { url, service, credentials }
  }
}
