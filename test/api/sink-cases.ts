// EventSinks that the API server must take or refuse; a refusal's message must hold every text given.

export type Spec = Record<string, unknown>
export type Good = [name: string, spec: Spec]
export type Bad = [name: string, spec: Spec, ...messages: string[]]

const url = 'https://events.example.com/hook'
const http = (more: Spec): Spec => ({ http: { url, ...more } })
const header = (header: Spec): Spec => http({ headers: [header] })
const retry = (retry: Spec): Spec => ({ http: { url }, retry })

const absolute = 'spec.http.url: Invalid value: "string": url must be absolute and begin with http:// or https://'
const host = 'url must be a URL with a host'
const port = 'url must have a port from 1 to 65535, or none'
const reserved = 'spec.http.headers[0].name: Invalid value: "string": this header is not for headers: host, connection'
const text = "a header's value takes printable ASCII characters and spaces, and no tabs and line breaks"
const timeout = 'timeout must be a duration from 100ms to 5m, such as 15s'

export const goodSinks: Good[] = [
  ['only a URL', { http: { url } }],
  ['a port and a query', { http: { url: 'http://10.0.0.1:65535/a?b=c@d' } }],
  ['a Service', { http: { serviceRef: { name: 'hook' } } }],
  [
    'a Service in full',
    {
      http: {
        serviceRef: { name: 'hook', port: 8443, path: '/in?a=b', scheme: 'https' },
        caConfigMapRef: { name: 'ca' },
        validation: { origin: 'carillon.example.com', requestRate: 120 },
      },
      allowedNamespaces: { from: 'Selector', selector: { matchLabels: { team: 'a' } } },
      allowBody: true,
    },
  ],
  ['open to all', { http: { url }, allowedNamespaces: { from: 'All' } }],
  ['an IPv6 address', { http: { url: 'http://[::1]:8080/' } }],
  ['an @ behind the host', { http: { url: 'https://events.example.com/@team' } }],
  ['the longest URL', { http: { url: url.padEnd(2048, 'x') } }],
  [
    'headers',
    http({
      headers: [
        { name: 'X-Team', value: 'a' },
        { name: 'X-Key', valueFrom: { secretKeyRef: { name: 'qe', key: 'key' } } },
      ],
    }),
  ],
  ['an empty header', header({ name: 'X-Team', value: '' })],
  ['a header that only looks reserved', header({ name: 'Hosting', value: 'a' })],
  ['bearer', http({ auth: { bearer: { secretRef: { name: 'qe' } } } })],
  ['basic', http({ auth: { basic: { secretRef: { name: 'qe' } } } })],
  [
    'certificates and signatures',
    http({
      certSecretRef: { name: 'qe-tls' },
      caConfigMapRef: { name: 'bundle', key: 'root.pem' },
      signing: { secretRef: { name: 'qe' } },
    }),
  ],
  [
    'OAuth2',
    http({
      auth: {
        oauth2: {
          tokenURL: 'https://login.example.com/t?x=y',
          scopes: ['api://a/.default', 'b:read'],
          audience: 'x',
          secretRef: { name: 'qe' },
        },
      },
    }),
  ],
  ['a ServiceAccount', http({ auth: { serviceAccount: { name: 'builder', audience: 'https://sink.example.com/' } } })],
  ['all of retry', retry({ initialDelay: '1s', maxDelay: '1s', maxAge: '1s' })],
  ['a part of retry', retry({ maxAge: '30m' })],
  ['the longest retry', retry({ maxAge: '720h' })],
  [
    'all limits',
    { http: { url }, limits: { concurrency: 256, eventsPerSecond: 1, maxEventBytes: 1024, maxPending: 1 } },
  ],
  ['a timeout of two units', http({ timeout: '1m30.5s' })],
  ['batches', http({ mode: 'batch' })],
  ['the largest batches', http({ mode: 'batch', batch: { maxEvents: 1000, maxDelay: '1m' } })],
  ['batches that wait for nobody', http({ mode: 'batch', batch: { maxEvents: 1, maxDelay: '0s' } })],
  ['structured and suspended', { ...http({ mode: 'structured' }), suspend: true }],
]

export const badSinks: Bad[] = [
  ['no http', {}, 'spec.http: Required value'],
  ['both a URL and a Service', http({ serviceRef: { name: 'hook' } }), 'http takes exactly one of url and serviceRef'],
  [
    'a Service with a path that is none',
    { http: { serviceRef: { name: 'hook', path: 'in' } } },
    'path must begin with / and hold no spaces',
  ],
  [
    'certificates for a Service without TLS',
    { http: { serviceRef: { name: 'hook' }, certSecretRef: { name: 'tls' } } },
    'set serviceRef.scheme to https',
  ],
  ['an origin that is no name', http({ validation: { origin: 'https://x' } }), 'origin must be a DNS name'],
  [
    'a selector without from: Selector',
    { http: { url }, allowedNamespaces: { selector: { matchLabels: { a: 'b' } } } },
    'selector goes with from: Selector, and from: Selector with selector',
  ],
  [
    'from: Selector without a selector',
    { http: { url }, allowedNamespaces: { from: 'Selector' } },
    'selector goes with from: Selector, and from: Selector with selector',
  ],
  ['no URL', { http: {} }, 'spec.http: Invalid value: "object": http takes exactly one of url and serviceRef'],
  ['a URL without scheme', { http: { url: 'events.example.com' } }, absolute],
  ['another scheme', { http: { url: 'ftp://events.example.com' } }, absolute],
  ['a path', { http: { url: '/hook' } }, absolute],
  [
    'credentials',
    { http: { url: 'https://user:pass@events.example.com/' } },
    'must not hold credentials',
    'name it in auth',
  ],
  ['a user only', { http: { url: 'https://user@events.example.com/' } }, 'must not hold credentials'],
  ['a fragment', { http: { url: `${url}#top` } }, 'url must not have a fragment: leave out the part from # on'],
  ['no host', { http: { url: 'https:///hook' } }, host],
  ['only a port', { http: { url: 'https://:80/' } }, host],
  ['a port of letters', { http: { url: 'https://events:http/' } }, host],
  ['port 0', { http: { url: 'https://events:0/' } }, port],
  ['port 65536', { http: { url: 'https://events:65536' } }, port],
  ['a space', { http: { url: 'https://events.example.com/a b' } }, 'url must not hold spaces, control characters'],
  ['a line break', { http: { url: `${url}\r\nX: y` } }, 'url must not hold spaces, control characters'],
  [
    'a backslash',
    { http: { url: 'https://events\\.example.com/' } },
    'url must not hold spaces, control characters or backslashes',
  ],
  ['a URL too long', { http: { url: url.padEnd(2049, 'x') } }, 'may not be more than 2048'],
  [
    'certificates for a URL without TLS',
    { http: { url: 'http://events.example.com/', certSecretRef: { name: 'qe' } } },
    'certSecretRef and caConfigMapRef are for https',
  ],
  ['a bundle of another name', http({ caConfigMapRef: { name: 'A_B' } }), 'name must be the name of a ConfigMap'],
  ['a signature without its Secret', http({ signing: {} }), 'spec.http.signing.secretRef: Required value'],
  [
    'two ways of auth',
    http({ auth: { bearer: { secretRef: { name: 'a' } }, serviceAccount: { name: 'b', audience: 'c' } } }),
    'auth takes at most one of bearer, basic, oauth2 and serviceAccount',
  ],
  [
    'a token URL with credentials',
    http({ auth: { oauth2: { tokenURL: 'https://a:b@login.example.com/', secretRef: { name: 'qe' } } } }),
    'tokenURL must be a URL with a host and without credentials',
  ],
  [
    'a scope with a space',
    http({ auth: { oauth2: { tokenURL: url, scopes: ['a b'], secretRef: { name: 'qe' } } } }),
    'a scope takes printable ASCII',
  ],
  [
    'an audience that is a command',
    http({ auth: { serviceAccount: { name: 'b', audience: 'a; rm' } } }),
    'audience takes letters, digits',
  ],
  ['an unknown mode', http({ mode: 'many' }), 'supported values: "binary", "structured", "batch"'],
  ['batch without its mode', http({ batch: { maxEvents: 5 } }), 'batch is for mode batch: set mode to batch'],
  ['batch in another mode', http({ mode: 'structured', batch: {} }), 'batch is for mode batch: set mode to batch'],
  ['batches of none', http({ mode: 'batch', batch: { maxEvents: 0 } }), 'should be greater than or equal to 1'],
  ['batches too large', http({ mode: 'batch', batch: { maxEvents: 1001 } }), 'should be less than or equal to 1000'],
  [
    'a batch too late',
    http({ mode: 'batch', batch: { maxDelay: '61s' } }),
    'maxDelay must be a duration from 0s to 1m',
  ],
  [
    'a delay of no unit',
    http({ mode: 'batch', batch: { maxDelay: '5' } }),
    'maxDelay must be a duration from 0s to 1m',
  ],
  [
    'bearer and basic',
    http({ auth: { bearer: { secretRef: { name: 'a' } }, basic: { secretRef: { name: 'a' } } } }),
    'spec.http.auth: Invalid value: "object": auth takes at most one of bearer, basic, oauth2 and serviceAccount',
  ],
  [
    'a bad name of a Secret',
    http({ auth: { bearer: { secretRef: { name: 'A b' } } } }),
    'name must be the name of a Secret',
  ],
  ['an empty header list', http({ headers: [] }), 'should have at least 1 items'],
  [
    'a header with nothing',
    header({ name: 'X-A' }),
    'spec.http.headers[0]: Invalid value: "object": a header takes exactly one of value and valueFrom',
  ],
  [
    'a header with both',
    header({ name: 'X-A', value: 'a', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }),
    'exactly one of value and valueFrom',
  ],
  [
    'a bad key of a Secret',
    header({ name: 'X-A', valueFrom: { secretKeyRef: { name: 'a', key: '../b' } } }),
    'key must be a key of the Secret',
  ],
  ['a header name with a space', header({ name: 'X A', value: 'a' }), "a header's name takes letters, digits and"],
  ['a header name with a colon', header({ name: 'X:', value: 'a' }), "a header's name takes letters, digits and"],
  ...[
    'Host',
    'Content-Type',
    'transfer-encoding',
    'Connection',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'ce-id',
    'Webhook-Id',
    'Authorization',
    'Cookie',
    'Proxy-Authorization',
    'X-Forwarded-For',
    'Carillon-Subscription',
    'Keep-Alive',
    'Forwarded',
    'User-Agent',
  ].map(
    (name): Bad => [`the header ${name}`, header({ name, value: 'a' }), reserved, 'authorization is set through auth'],
  ),
  ...['a\r\nb', 'a\nb', 'a\tb', 'a\0b', 'é'].map(
    (value): Bad => [`the header value ${JSON.stringify(value)}`, header({ name: 'X-A', value }), text],
  ),
  [
    'headers that differ in case only',
    http({
      headers: [
        { name: 'X-A', value: '1' },
        { name: 'x-a', value: '2' },
      ],
    }),
    'headers must have different names; upper and lower case are the same',
  ],
  [
    'too many headers',
    http({ headers: Array.from({ length: 33 }, (_, i) => ({ name: `X-${i}`, value: 'a' })) }),
    'must have at most 32 items',
  ],
  ...['15', '0s', '-1s', '1d', '6m', '99ms', '999999h999999h99999h', ''].map(
    (value): Bad => [`the timeout '${value}'`, http({ timeout: value }), timeout],
  ),
  ['a maxAge of nothing', retry({ maxAge: '0s' }), 'maxAge must be a duration from 1s to 720h, such as 72h'],
  ['a maxAge too long', retry({ maxAge: '721h' }), 'maxAge must be a duration from 1s to 720h, such as 72h'],
  [
    'an initialDelay too long',
    retry({ initialDelay: '2h' }),
    'initialDelay must be a duration from 10ms to 1h, such as 1s',
  ],
  ['a maxDelay too long', retry({ maxDelay: '25h' }), 'maxDelay must be a duration from 10ms to 24h, such as 1h'],
  [
    'initialDelay over maxDelay',
    retry({ initialDelay: '2s', maxDelay: '1s' }),
    'initialDelay must not be longer than maxDelay',
  ],
  ['maxDelay over maxAge', retry({ maxDelay: '2h', maxAge: '1h' }), 'maxDelay must not be longer than maxAge'],
  [
    'initialDelay over maxAge',
    retry({ initialDelay: '1m', maxAge: '1s' }),
    'initialDelay must not be longer than maxAge',
  ],
  [
    'no concurrency',
    { http: { url }, limits: { concurrency: 0 } },
    'spec.limits.concurrency in body should be greater than or equal to 1',
  ],
  ['events of 1 byte', { http: { url }, limits: { maxEventBytes: 1 } }, 'should be greater than or equal to 1024'],
  ['events of 2 MiB', { http: { url }, limits: { maxEventBytes: 2 ** 21 } }, 'should be less than or equal to 1048576'],
  ['half an event a second', { http: { url }, limits: { eventsPerSecond: 0.5 } }, 'must be of type integer'],
  ['an unknown field', { ...http({}), nats: {} }, 'unknown field "spec.nats"'],
  ['an unknown field of http', http({ pickUp: {} }), 'unknown field "spec.http.pickUp"'],
]
