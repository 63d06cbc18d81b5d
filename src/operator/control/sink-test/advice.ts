const statuses: readonly (readonly [RegExp, string])[] = [
  [
    /^HTTP4\d\d$/,
    'the receiver refuses such a request; an event would become a dead letter: look at what the receiver logs',
  ],
  [/^HTTP5\d\d$/, 'the receiver failed; an event would be tried again: look at what the receiver logs'],
]

const allowRange = 'use a public address, or ask the administrator to allow the range'

/** What to do about a reason, in a line; of those whose message says it already there is none. */
const advice: Readonly<Record<string, string>> = {
  AddressRefused: allowRange,
  ConnectionRefused: 'is the receiver up, and is it this port?',
  ConnectionReset: 'does the receiver speak http where the URL says https, or the other way round?',
  DNSFailed: "look at the cluster's DNS",
  Forbidden: "look at the receiver's rights, and at the token or password in the Secret",
  Gone: 'events wait until the sink changes, or is asked by requestedAt',
  HostNotFound: 'correct the host in http.url',
  InvalidAnswer: 'is it the right port? http and https mixed up?',
  NetworkFailed: 'look at routes and network policies',
  ProxyFailed: 'ask the administrator to look at the proxy of egress.proxy',
  NotFound: 'correct the path in http.url',
  ProxyAuthenticationRequired: 'a proxy on the way wants credentials',
  TLSFailed:
    "the receiver's certificate has to be for the host of http.url and signed by a CA that is trusted: name its CA in caConfigMapRef or certSecretRef",
  Timeout: 'look at network policies; let the receiver answer first and work afterwards, or raise http.timeout',
  TooLarge: 'the receiver takes no body of this size at all',
  TooManyRequests: 'the receiver asks for a pause; limits.eventsPerSecond avoids it',
  Unauthorized: 'mend the token or password in the Secret',
  ValidationPending: 'try again later',
  ValidationRefused: 'let the receiver answer OPTIONS so, or take http.validation out of the sink',
}

export const adviceOf = (reason: string): string | undefined =>
  advice[reason] ?? statuses.find(([pattern]) => pattern.test(reason))?.[1]
