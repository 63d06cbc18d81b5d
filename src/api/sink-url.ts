import type { EventSink } from './generated.ts'

/** `spec.http.serviceRef`, with the namespace that it is in. `port` undefined: the Service's only one, or the scheme's. */
export type ServiceRef = { namespace: string; name: string; port: number | undefined; scheme: 'http' | 'https' }

/**
 * The URL that a sink's requests name: `spec.http.url`, or that of the Service, as cluster DNS knows it (its name is what the Host header and
 * certificates hold, whichever address is connected to).
 */
export function sinkUrl({ metadata, spec }: EventSink): string {
  const { url, serviceRef } = spec.http
  if (url !== undefined || !serviceRef) return url ?? ''
  const { name, port, path = '/', scheme = 'http' } = serviceRef
  return `${scheme}://${name}.${metadata.namespace ?? ''}.svc${port === undefined ? '' : `:${port}`}${path}`
}

export function serviceOf({ metadata, spec }: EventSink): ServiceRef | undefined {
  const { serviceRef } = spec.http
  if (!serviceRef) return undefined
  const { name, port, scheme = 'http' } = serviceRef
  return { namespace: metadata.namespace ?? '', name, port, scheme }
}
