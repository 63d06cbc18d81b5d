import { timestamp } from './attributes.ts'
import type { Cluster, EncodedEvent } from './format.ts'

/** Of an event that `carillon sinks test` sends: of Carillon's own, and of no object. */
export const testType = 'dev.carillon.test.v1'

/** An event that tells of nothing but that it came; `sink` is `namespace/name`, `time` in ms, `id` a UUID by chance. */
export function encodeTest(of: {
  sink: string
  id: string
  time: number
  cluster: Pick<Cluster, 'uri'>
}): EncodedEvent {
  const { sink, id, time, cluster } = of
  const subject = `eventsink/${sink.split('/')[1] ?? ''}`
  const attributes = JSON.stringify({
    specversion: '1.0',
    id,
    source: `${cluster.uri}/carillon`,
    type: testType,
    subject,
    time: timestamp(time),
    datacontenttype: 'application/json',
  })
  const [namespace, name] = sink.split('/')
  const data = JSON.stringify({ namespace, name, message: 'A test of this EventSink: nothing has happened.' })
  return { id, type: testType, subject, attributes, data }
}
