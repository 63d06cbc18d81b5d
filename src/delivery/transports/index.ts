import { httpTransport } from './http.ts'

/** All ways to a sink, by their names in EventSink's spec. */
export const transports = { http: httpTransport }
