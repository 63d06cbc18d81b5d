import { isIP } from 'node:net'
import { accept, type Verdict } from '../api/verdict.ts'
import type { FlagName } from '../cli/run-flags.ts'
import type { Given } from './given.ts'

/** Without a host: all addresses, of the families that the machine has. */
export type Listen = { host: string | undefined; port: number }

export type WebhookConfig = {
  listen: Listen
  /** Of the Service, and of the Secret that holds the certificate. */
  name: string
  /** Of the ValidatingWebhookConfiguration. */
  configuration: string
  /** Names and addresses besides the Service's. */
  hosts: readonly string[]
}

/** What the flags `--webhook-…` tell; undefined where there is no webhook. */
export function webhookOf(given: Given): Verdict<WebhookConfig | undefined> {
  for (const flag of ['webhook-name', 'webhook-configuration'] as const) {
    const name = given.one(flag) ?? ''
    if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name))
      return given.wrong(flag, ` '${name}' is no name: use lower case letters, digits and '-'`)
  }
  const hosts = given.all('webhook-host')
  const wrong = hosts.find((host) => isIP(host) === 0 && !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(host))
  if (wrong !== undefined) return given.wrong('webhook-host', ` '${wrong}' is neither a DNS name nor an address`)
  if (!given.one('webhook-listen')) return accept(undefined)
  const listen = listenOf(given, 'webhook-listen')
  if (!listen.ok) return listen
  const [name = '', configuration = ''] = [given.one('webhook-name'), given.one('webhook-configuration')]
  return accept({ listen: listen.value, name, configuration, hosts })
}

export function listenOf(given: Given, flag: FlagName): Verdict<Listen> {
  const text = given.one(flag) ?? ''
  const match = /^(.*):(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (!match || port > 65535) return given.wrong(flag, ` '${text}' must be host:port or :port, such as 127.0.0.1:8080`)
  const host = (match[1] ?? '').replace(/^\[(.*)\]$/, '$1')
  return accept({ host: host === '' ? undefined : host, port })
}
