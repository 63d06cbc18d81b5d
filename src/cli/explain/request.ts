import packageJson from '../../../package.json' with { type: 'json' }
import type { SinkSettings } from '../../api/defaults.ts'
import type { EventSink } from '../../api/generated.ts'
import { sinkUrl } from '../../api/sink-url.ts'
import { originHeader } from '../../delivery/validation.ts'
import { type HttpMessage, isPlain, toBatch, toBinary, toStructured } from '../../formats/binding.ts'
import type { EncodedEvent } from '../../formats/format.ts'

/** One POST as it would go out; what comes from Secrets is named, not read. */
export type Request = {
  url: string | undefined
  mode: SinkSettings['mode']
  headers: Record<string, string>
  body: string
}

const encoders: Readonly<Record<SinkSettings['mode'], (event: EncodedEvent) => HttpMessage>> = {
  binary: toBinary,
  structured: toStructured,
  // Of one event; others of the subscription may go with it.
  batch: (event) => (isPlain(event) ? toStructured(event) : toBatch([event])),
}

/** `sink` undefined: one that was not given, as if it said nothing. `secret`: the subscription's own credentials. */
export function requestOf(
  event: EncodedEvent,
  sink: EventSink | undefined,
  subscription: string,
  secret?: string,
): Request {
  const http = sink?.spec.http
  const mode = http?.mode ?? 'binary'
  const { headers, body } = encoders[mode](event)
  const others = {
    'user-agent': `carillon/${packageJson.version}`,
    ...(http && spelt(http)),
    ...(secret !== undefined && { authorization: `<key token, or username and password, of Secret ${secret}>` }),
    'carillon-subscription': subscription,
  }
  return { url: sink && withoutQuery(sinkUrl(sink)), mode, headers: { ...others, ...headers }, body: body ?? '' }
}

function spelt({ headers = [], auth, signing, validation }: EventSink['spec']['http']): Record<string, string> {
  const given = headers.map(({ name, value, valueFrom }) => {
    const ref = valueFrom?.secretKeyRef
    return [name.toLowerCase(), ref ? `<key ${ref.key} of Secret ${ref.name}>` : (value ?? '')]
  })
  const { bearer, basic, oauth2, serviceAccount } = auth ?? {}
  return {
    ...Object.fromEntries(given),
    ...(bearer && { authorization: `Bearer <key token of Secret ${bearer.secretRef.name}>` }),
    ...(basic && { authorization: `Basic <keys username and password of Secret ${basic.secretRef.name}>` }),
    ...(oauth2 && { authorization: `Bearer <token of ${withoutQuery(oauth2.tokenURL)}>` }),
    ...(serviceAccount && { authorization: `Bearer <token of ServiceAccount ${serviceAccount.name}>` }),
    ...(validation && { [originHeader]: validation.origin }),
    ...(signing && {
      'webhook-id': '<id of the event>',
      'webhook-timestamp': '<seconds since 1970, when it is sent>',
      'webhook-signature': `<by key whsec of Secret ${signing.secretRef.name}>`,
    }),
  }
}

/** A query may be a secret, and what is printed is pasted elsewhere. */
const withoutQuery = (url: string): string => url.replace(/\?.*$/, '?…')
