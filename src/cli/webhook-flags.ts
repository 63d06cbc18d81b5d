import type { Flag } from './flag.ts'

/** Of the admission webhook, which there is with --webhook-listen only. The chart sets them, by its value webhook. */
export const webhookFlags = [
  {
    name: 'webhook-listen',
    value: 'ADDRESS',
    help: 'where the API server asks, over TLS, whether a sink or subscription may be applied, host:port or :port; default: nowhere',
  },
  {
    name: 'webhook-name',
    value: 'NAME',
    default: 'carillon-webhook',
    help: "of the webhook's Service in the own namespace, and of the Secret there that holds its certificate",
  },
  {
    name: 'webhook-configuration',
    value: 'NAME',
    default: 'carillon',
    help: 'the ValidatingWebhookConfiguration that is told the authority of that certificate',
  },
  {
    name: 'webhook-host',
    value: 'HOST',
    list: true,
    help: 'further name or address that the certificate is good for, where the API server does not go by the Service',
  },
] as const satisfies readonly Flag[]
