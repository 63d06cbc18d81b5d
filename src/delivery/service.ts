import type { ServiceRef } from '../api/sink-url.ts'
import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'

/** A Service as the API gives it: what of it is looked at. */
export type Service = {
  spec?: {
    type?: string | undefined
    selector?: Record<string, string> | undefined
    ports?: readonly ServicePort[] | undefined
    /** `IPv4` or `IPv6`, the first one first. */
    ipFamilies?: readonly string[] | undefined
  }
}

export type ServicePort = {
  port: number
  /** A number, or the name of a port of the Pod's containers; the same as `port` where it is left out. */
  targetPort?: number | string | undefined
  /** TCP where it is left out. */
  protocol?: string | undefined
}

/** What of a Service says where its requests go. */
export type ServiceTarget = {
  selector: Readonly<Record<string, string>>
  targetPort: number | string
  families: readonly string[]
}

/**
 * Whether a sink may name this Service, and which of its ports is meant. Reasons: ServiceNotFound, ServiceNotAllowed. `undefined`: there is
 * none of the name.
 */
export function targetOf(service: Service | undefined, ref: ServiceRef): Verdict<ServiceTarget> {
  const { namespace, name } = ref
  if (!service) return refuse('ServiceNotFound', `Service ${name} was not found in namespace ${namespace}.`)
  const { type, selector = {}, ports = [], ipFamilies = [] } = service.spec ?? {}
  if (type === 'ExternalName')
    return notAllowed(ref, 'is of type ExternalName and may lead anywhere; give the place that it leads to in http.url')
  if (Object.keys(selector).length === 0)
    return notAllowed(ref, 'has no selector: nobody says which Pods it leads to; give it one, or use http.url')
  const port = portOf(ports, ref)
  if (!port.ok) return port
  return accept({ selector, targetPort: port.value.targetPort ?? port.value.port, families: ipFamilies })
}

/** The port that is named; else the only one, else the one of the scheme. */
function portOf(all: readonly ServicePort[], ref: ServiceRef): Verdict<ServicePort> {
  const ports = all.filter(({ protocol = 'TCP' }) => protocol === 'TCP')
  const [first] = ports
  if (!first) return notAllowed(ref, 'has no TCP port')
  const has = `it has ${ports.map(({ port }) => port).join(', ')}`
  if (ref.port !== undefined) {
    const named = ports.find(({ port }) => port === ref.port)
    return named ? accept(named) : notAllowed(ref, `has no TCP port ${ref.port}; ${has}`)
  }
  if (ports.length === 1) return accept(first)
  const usual = ports.find(({ port }) => port === (ref.scheme === 'https' ? 443 : 80))
  return usual ? accept(usual) : notAllowed(ref, `has several ports: name one in http.serviceRef.port; ${has}`)
}

export const notAllowed = ({ namespace, name }: ServiceRef, why: string): Refusal =>
  refuse('ServiceNotAllowed', `Service ${name} of namespace ${namespace} ${why}.`)
