import type { EncodedEvent } from '../../src/formats/format.ts'

/** An encoded event with a little data. */
export function eventOf(id: string, data: unknown = { text: 'grüß dich' }): EncodedEvent {
  const attributes = {
    specversion: '1.0',
    id,
    source: '/clusters/c/namespaces/team-a/tekton',
    type: 'dev.carillon.tekton.taskrun.finished.v1',
    subject: 'ns/team-a "run" 100% ü',
    time: '2026-11-22T12:00:00Z',
    datacontenttype: 'application/json',
  }
  return {
    id,
    type: attributes.type,
    subject: attributes.subject,
    attributes: JSON.stringify(attributes),
    data: data === undefined ? undefined : JSON.stringify(data),
  }
}
