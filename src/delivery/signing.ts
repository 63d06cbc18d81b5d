import { createHmac } from 'node:crypto'
import { accept, type Verdict } from '../api/verdict.ts'
import type { ReadKey } from './read-key.ts'
import { invalidKey } from './read-key.ts'

/** Headers that sign a body (Standard Webhooks 1.0.0). `id` names the message: the same at each attempt; `now` in ms. */
export type Signer = (id: string, body: string, now: number) => Record<string, string>

export type SigningSpec = { secretRef: { name: string } }

export const signingKeys = ['whsec', 'whsec-previous'] as const

/**
 * The signer of a sink by its Secret: key `whsec`, and while keys are changed `whsec-previous`, each `whsec_` and 24 to 64 bytes in base64
 * (Standard Webhooks, "Signature scheme"). With two keys there are two signatures, so that receivers change theirs when they like.
 */
export function compileSigner({ secretRef: { name } }: SigningSpec, read: ReadKey): Verdict<Signer> {
  const first = readSigningKey(name, 'whsec', read)
  if (!first.ok) return first
  const keys = [first.value]
  if (read.has(name, 'whsec-previous')) {
    const previous = readSigningKey(name, 'whsec-previous', read)
    if (!previous.ok) return previous
    keys.push(previous.value)
  }
  return accept((id, body, now) => {
    const timestamp = String(Math.floor(now / 1000))
    const signed = `${id}.${timestamp}.${body}`
    const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
  })
}

const wanted = 'whsec_ and 24 to 64 random bytes in base64, as Standard Webhooks asks'
const form = /^whsec_([A-Za-z0-9+/]+={0,2})$/

function readSigningKey(name: string, key: string, read: ReadKey): Verdict<Buffer> {
  const text = read(name, key, wanted)
  if (!text.ok) return text
  const bytes = Buffer.from(form.exec(text.value)?.[1] ?? '', 'base64')
  if (bytes.length >= 24 && bytes.length <= 64) return accept(bytes)
  return invalidKey(name, key, wanted)
}
