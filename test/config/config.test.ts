import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPolicy } from '../../src/api/policy.ts'
import { readCommand } from '../../src/config/command.ts'
import { type Config, resolveConfig } from '../../src/config/config.ts'
import { readConfigFile } from '../../src/config/file.ts'
import type { Settings } from '../../src/config/given.ts'

type Env = Readonly<Record<string, string | undefined>>

/** The settings that `carillon run` reads from flags and environment. */
function settingsOf(args: string[], env: Env = {}): Settings {
  const command = readCommand(['run', ...args], env)
  assert.ok(command.ok && command.value.name === 'run')
  return command.value.settings
}

function configOf(args: string[] = [], env: Env = {}, file = ''): Config {
  const read = readConfigFile(file)
  assert.ok(read.ok, JSON.stringify(read))
  const config = resolveConfig(settingsOf(args, env), read.value)
  assert.ok(config.ok, JSON.stringify(config))
  return config.value
}

test('commands are told apart', () => {
  const cases: [argv: string[], command: unknown][] = [
    [[], { name: 'help', of: 'carillon' }],
    [['help'], { name: 'help', of: 'carillon' }],
    [['--help'], { name: 'help', of: 'carillon' }],
    [['-h'], { name: 'help', of: 'carillon' }],
    [['help', 'run'], { name: 'help', of: 'run' }],
    [['run', '--help'], { name: 'help', of: 'run' }],
    [['run', '--class', 'a', '-h'], { name: 'help', of: 'run' }],
    [['version'], { name: 'version' }],
    [['--version'], { name: 'version' }],
    [['run'], { name: 'run', settings: {}, cluster: { kubeconfig: undefined, home: undefined, service: undefined } }],
  ]
  for (const [argv, value] of cases) assert.deepEqual(readCommand(argv, {}), { ok: true, value }, argv.join(' '))
})

test('what a command line can have wrong is said in one line', () => {
  const cases: [argv: string[], reason: string, message: RegExp][] = [
    [
      ['serve'],
      'UnknownCommand',
      /^unknown command 'serve'; the commands are run, deadletters, replay, purge, sinks, events, import, explain, version and help$/,
    ],
    [['run', '--colour', 'red'], 'FlagInvalid', /^unknown option '--colour'.*; see 'carillon run --help'$/],
    [['run', 'now'], 'FlagInvalid', /^unexpected argument 'now'.*; see 'carillon run --help'$/],
    [['run', '--class'], 'FlagInvalid', /^option '--class <value>' argument missing; see 'carillon run --help'$/],
    [['run', '--class', 'a', '--class', 'b'], 'FlagInvalid', /^--class may be given once$/],
  ]
  for (const [argv, reason, message] of cases) {
    const command = readCommand(argv, {})
    assert.ok(!command.ok, argv.join(' '))
    assert.equal(command.reason, reason)
    assert.match(command.message, message)
    assert.ok(!command.message.includes('\n'))
  }
})

test('without anything there are the defaults', () => {
  assert.deepEqual(configOf(), {
    namespace: 'carillon-system',
    dataDir: '/var/lib/carillon',
    sources: new Set(['tekton', 'konflux', 'flux'] as const),
    watchNamespaces: [],
    clusterUri: undefined,
    dashboardUrl: undefined,
    schemaBaseUrl: undefined,
    class: undefined,
    tektonConfigNamespace: undefined,
    listen: { host: undefined, port: 8080 },
    metricsAuth: false,
    logLevel: 'info',
    leaseMs: 15_000,
    graceMs: 20_000,
    policy: defaultPolicy,
    archive: undefined,
    webhook: undefined,
  })
})

test('a flag wins over the environment, that over the ConfigMap, that over the default', () => {
  const file = 'logLevel: warn\nadminNamespaces: [from-file]\negress: {allowCidrs: [10.0.0.0/8]}\n'
  const env = {
    CARILLON_LOG_LEVEL: 'error',
    CARILLON_ADMIN_NAMESPACE: 'from-env, other,,',
    CARILLON_ALLOW_CIDR: '192.168.0.0/16',
  }
  const flags = ['--log-level', 'debug', '--admin-namespace', 'from-flag', '--allow-cidr=127.0.0.0/8']
  const view = ({ logLevel, policy: { adminNamespaces, egress } }: Config) => [
    logLevel,
    [...adminNamespaces],
    egress.allowCidrs,
  ]
  assert.deepEqual(view(configOf()), ['info', [], []])
  assert.deepEqual(view(configOf([], {}, file)), ['warn', ['from-file'], ['10.0.0.0/8']])
  assert.deepEqual(view(configOf([], env, file)), ['error', ['from-env', 'other'], ['192.168.0.0/16']])
  assert.deepEqual(view(configOf(flags, env, file)), ['debug', ['from-flag'], ['127.0.0.0/8']])
})

const ofPolicy = {
  adminNamespaces: ({ policy }: Config) => policy.adminNamespaces,
  tenantKinds: ({ policy }: Config) => policy.tenantKinds,
  allowCidrs: ({ policy }: Config) => policy.egress.allowCidrs,
  pending: ({ policy }: Config) => policy.quotas.pending,
}

/** A setting, wherever the configuration holds it. */
const read = (config: Config, field: keyof Config | keyof typeof ofPolicy): unknown =>
  field in ofPolicy ? ofPolicy[field as keyof typeof ofPolicy](config) : config[field as keyof Config]

test('every setting can be given, as a flag and in the environment', () => {
  const given: [
    flag: string,
    environment: string,
    value: string,
    field: keyof Config | keyof typeof ofPolicy,
    read: unknown,
  ][] = [
    ['namespace', 'CARILLON_NAMESPACE', 'ops', 'namespace', 'ops'],
    ['data-dir', 'CARILLON_DATA_DIR', './data', 'dataDir', './data'],
    ['admin-namespace', 'CARILLON_ADMIN_NAMESPACE', 'a', 'adminNamespaces', new Set(['a'])],
    ['tenant-kind', 'CARILLON_TENANT_KIND', 'Pod.core', 'tenantKinds', new Set(['Pod.core'])],
    ['source', 'CARILLON_SOURCE', 'flux', 'sources', new Set(['flux'])],
    ['watch-namespace', 'CARILLON_WATCH_NAMESPACE', 'b', 'watchNamespaces', ['b']],
    ['allow-cidr', 'CARILLON_ALLOW_CIDR', '10.0.0.0/8', 'allowCidrs', ['10.0.0.0/8']],
    ['cluster-uri', 'CARILLON_CLUSTER_URI', 'https://c.example.com/', 'clusterUri', 'https://c.example.com'],
    ['dashboard-url', 'CARILLON_DASHBOARD_URL', 'https://ui/{{name}}', 'dashboardUrl', 'https://ui/{{name}}'],
    [
      'schema-base-url',
      'CARILLON_SCHEMA_BASE_URL',
      'https://s.example.com/v1/',
      'schemaBaseUrl',
      'https://s.example.com/v1',
    ],
    ['class', 'CARILLON_CLASS', 'blue', 'class', 'blue'],
    ['listen', 'CARILLON_LISTEN', '127.0.0.1:0', 'listen', { host: '127.0.0.1', port: 0 }],
    ['metrics-auth', 'CARILLON_METRICS_AUTH', 'true', 'metricsAuth', true],
    ['grace-period', 'CARILLON_GRACE_PERIOD', '1m30s', 'graceMs', 90_000],
    ['log-level', 'CARILLON_LOG_LEVEL', 'warn', 'logLevel', 'warn'],
    [
      'max-pending-per-namespace',
      'CARILLON_MAX_PENDING_PER_NAMESPACE',
      '5k',
      'pending',
      { rows: 5000, bytes: 1_073_741_824 },
    ],
    [
      'max-pending-bytes-per-namespace',
      'CARILLON_MAX_PENDING_BYTES_PER_NAMESPACE',
      '1.5Mi',
      'pending',
      { rows: 200_000, bytes: 1_572_864 },
    ],
  ]
  for (const [flag, environment, value, field, expected] of given) {
    assert.deepEqual(read(configOf([`--${flag}`, value]), field), expected, flag)
    assert.deepEqual(read(configOf([], { [environment]: value }), field), expected, environment)
  }
})

test('an archive is asked where it has a URL, and the token goes nowhere unencrypted', () => {
  const url = 'https://archive.example.com/prefix/'
  const tokenFile = '/var/run/secrets/kubernetes.io/serviceaccount/token'
  const byDefault = { tokenFile, caFile: undefined, afterMs: 300_000, reachMs: 21_600_000 }
  assert.deepEqual(configOf(['--archive-url', url]).archive, {
    url: 'https://archive.example.com/prefix',
    ...byDefault,
  })
  for (const loopback of ['http://127.0.0.1:8081', 'http://localhost:1', 'http://[::1]:2'])
    assert.equal(configOf([], { CARILLON_ARCHIVE_URL: loopback }).archive?.url, loopback)
  const more = { CARILLON_ARCHIVE_TOKEN_FILE: '/t', CARILLON_ARCHIVE_CA_FILE: '/ca', CARILLON_ARCHIVE_AFTER: '2m' }
  const given = configOf(['--archive-url', url, '--archive-reach', '1h'], more).archive
  assert.deepEqual(given && [given.tokenFile, given.caFile, given.afterMs, given.reachMs], [
    '/t',
    '/ca',
    120_000,
    3_600_000,
  ])
  assert.equal(configOf(['--archive-after', '1m']).archive, undefined)
})

test('a list is a flag given several times, or commas in the environment', () => {
  assert.deepEqual(configOf(['--watch-namespace', 'a', '--watch-namespace', 'b']).watchNamespaces, ['a', 'b'])
  assert.deepEqual(configOf([], { CARILLON_WATCH_NAMESPACE: ' a,b , ' }).watchNamespaces, ['a', 'b'])
  assert.equal(configOf([], { CARILLON_CLUSTER_URI: 'urn:a,b' }).clusterUri, 'urn:a,b')
})

test('an empty variable counts as none', () => {
  assert.equal(configOf([], { CARILLON_LOG_LEVEL: '', CARILLON_CLASS: '' }).logLevel, 'info')
})

test("the operator's namespace is the one given, else the pod's", () => {
  const namespaceOf = (settings: Settings, pod?: string) => {
    const config = resolveConfig(settings, {}, pod)
    assert.ok(config.ok)
    return config.value.namespace
  }
  assert.equal(namespaceOf({}, 'pods-own'), 'pods-own')
  assert.equal(namespaceOf({ namespace: ['given'] }, 'pods-own'), 'given')
})

test('the cluster is the one of --kubeconfig, CARILLON_KUBECONFIG, KUBECONFIG, in this order, or the pod itself', () => {
  const clusterOf = (args: string[], env: Env) => {
    const command = readCommand(['run', ...args], env)
    assert.ok(command.ok && command.value.name === 'run')
    return command.value.cluster
  }
  const both = { CARILLON_KUBECONFIG: '/own', KUBECONFIG: '/shared' }
  assert.equal(clusterOf(['--kubeconfig', '/flag'], both).kubeconfig, '/flag')
  assert.equal(clusterOf([], both).kubeconfig, '/own')
  assert.equal(clusterOf([], { KUBECONFIG: '/a:/b' }).kubeconfig, '/a:/b')
  assert.equal(clusterOf([], { KUBECONFIG: '' }).kubeconfig, undefined)
  const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '6443' }
  assert.deepEqual(clusterOf([], pod).service, { host: '10.0.0.1', port: '6443' })
  assert.deepEqual(clusterOf([], { KUBERNETES_SERVICE_HOST: '10.0.0.1' }).service, { host: '10.0.0.1', port: '443' })
})

test('--listen takes a host and a port, or a port alone', () => {
  const cases: [text: string, read: Config['listen'] | undefined][] = [
    [':8080', { host: undefined, port: 8080 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['[::]:8080', { host: '::', port: 8080 }],
    ['8080', undefined],
    ['', undefined],
    ['localhost', undefined],
    ['localhost:http', undefined],
    [':65536', undefined],
    [':-1', undefined],
    [':123456', undefined],
  ]
  for (const [text, read] of cases) {
    const config = resolveConfig({ listen: [text] })
    if (read) assert.deepEqual(config.ok && config.value.listen, read, text)
    else {
      const message = `--listen '${text}' must be host:port or :port, such as 127.0.0.1:8080`
      assert.deepEqual(config, { ok: false, reason: 'FlagInvalid', message })
    }
  }
})

test('what comes from config.yaml is refused by its key, what is given besides by its flag', () => {
  const refusalOf = (settings: Settings, file: Settings) => {
    const config = resolveConfig(settings, file)
    return config.ok ? undefined : [config.reason, config.message.split(' ')[0] ?? '', config.message.split(' ')[1]]
  }
  const bad = { 'archive-after': ['soon'] }
  assert.deepEqual(refusalOf({}, bad), ['ConfigInvalid', 'carillon-config:', 'archive.after:'])
  assert.deepEqual(refusalOf(bad, { 'archive-after': ['1m'] }), ['FlagInvalid', '--archive-after:', "'soon'"])
  assert.deepEqual(refusalOf({}, { class: ['a_b'] }), ['FlagInvalid', '--class', "'a_b'"])
})

test('values that can not be are refused by flag', () => {
  const cases: [settings: Settings, message: RegExp][] = [
    [{ 'log-level': ['loud'] }, /^--log-level must be one of debug, info, warn, error, not 'loud'$/],
    [{ namespace: ['Ops'] }, /^--namespace 'Ops' is no name: use lower case letters, digits and '-'$/],
    [{ 'admin-namespace': ['ok', 'a_b'] }, /^--admin-namespace 'a_b' is no name/],
    [{ 'watch-namespace': ['a'.repeat(64)] }, /^--watch-namespace 'a{64}' is no name/],
    [
      { 'tenant-kind': ['certificates'] },
      /^--tenant-kind 'certificates' must be Kind.group, such as Certificate.cert-manager.io, or Pod.core$/,
    ],
    [
      { 'tenant-kind': ['Pod.core', 'Secret.core'] },
      /^--tenant-kind 'Secret.core' is never watched: it may hold anybody's secrets$/,
    ],
    [{ class: [''] }, /^--class '' is no name/],
    [{ 'data-dir': [''] }, /^--data-dir must name a directory$/],
    [{ 'cluster-uri': ['two words'] }, /^--cluster-uri 'two words' is no URI reference$/],
    [{ 'cluster-uri': ['/'] }, /^--cluster-uri '' is no URI reference$/],
    ...[
      '/schemas',
      'ftp://a.example.com',
      'https://',
      'https://u:p@a.example.com',
      'https://a.example.com/?v=1',
      '',
    ].map((url): [Settings, RegExp] => [
      { 'schema-base-url': [url] },
      /^--schema-base-url '.*' must be an absolute http or https URL/,
    ]),
    ...[
      'archive',
      'http://archive.example.com',
      'https://',
      'https://u:p@a.b',
      'https://a.b/?c',
      'http://127.0.0.1.a.b',
    ].map((url): [Settings, RegExp] => [
      { 'archive-url': [url] },
      /^--archive-url must be an https URL without credentials/,
    ]),
    [{ 'archive-after': ['soon'] }, /^--archive-after: /],
    [{ 'archive-reach': ['0s'] }, /^--archive-reach: /],
    [
      { 'max-pending-per-namespace': ['0'] },
      /^--max-pending-per-namespace: '0' is no quantity above 0: use a number such as/,
    ],
    [{ 'max-pending-bytes-per-namespace': ['1 Gi'] }, /^--max-pending-bytes-per-namespace: '1 Gi' is no quantity/],
  ]
  for (const [settings, message] of cases) {
    const config = resolveConfig(settings)
    assert.ok(!config.ok, JSON.stringify(settings))
    assert.equal(config.reason, 'FlagInvalid')
    assert.match(config.message, message)
  }
})

test('config.yaml gives its settings', () => {
  const text = `
    adminNamespaces: [a, b]
    watchNamespaces: []
    clusterUri: https://c.example.com
    dashboardUrl: ""
    schemaBaseUrl: https://schemas.example.com
    logLevel:
    egress: {allowCidrs: [10.0.0.0/8]}
    tekton: {configNamespace: tekton-pipelines}
    archive: {url: https://archive.example.com, tokenFile: /t, caFile: "", after: 2m, reach: 1h}
    quotas: {maxPendingPerNamespace: 5000, maxPendingBytesPerNamespace: 256Mi}
  `
  const value = {
    'admin-namespace': ['a', 'b'],
    'cluster-uri': ['https://c.example.com'],
    'schema-base-url': ['https://schemas.example.com'],
    'allow-cidr': ['10.0.0.0/8'],
    'tekton-config-namespace': ['tekton-pipelines'],
    'archive-url': ['https://archive.example.com'],
    'archive-token-file': ['/t'],
    'archive-after': ['2m'],
    'archive-reach': ['1h'],
    'max-pending-per-namespace': ['5000'],
    'max-pending-bytes-per-namespace': ['256Mi'],
  }
  assert.deepEqual(readConfigFile(text), { ok: true, value })
  for (const empty of [
    '',
    '# nothing',
    '{}',
    'egress:',
    'egress: {}',
    'egress: {allowCidrs: []}',
    'quotas:',
    'tekton:',
    'tekton: {configNamespace: ""}',
    'archive:',
    'archive: {url: ""}',
  ]) {
    assert.deepEqual(readConfigFile(empty), { ok: true, value: {} }, empty)
  }
})

test('nothing in config.yaml is passed over in silence', () => {
  const cases: [text: string, message: RegExp][] = [
    ['a: [', /^ConfigMap carillon-config, config.yaml: .+/],
    ['- a', /^ConfigMap carillon-config, config.yaml must be a mapping with adminNamespaces, /],
    ['just text', /must be a mapping with /],
    [
      'adminNamespace: [a]',
      /^carillon-config: unknown key 'adminNamespace'; allowed are adminNamespaces, tenantKinds, egress, secrets, quotas, defaults, sources, watchNamespaces, .*, logLevel$/,
    ],
    ['toString: a', /unknown key 'toString'/],
    ['adminNamespaces: a', /^carillon-config: adminNamespaces must be a list of strings$/],
    ['watchNamespaces: [1]', /^carillon-config: watchNamespaces must be a list of strings$/],
    ['logLevel: 5', /^carillon-config: logLevel must be a string$/],
    ['logLevel: [info]', /^carillon-config: logLevel must be a string$/],
    ['egress: {allowCIDRs: []}', /^carillon-config: unknown key 'egress.allowCIDRs'; allowed are egress.allowCidrs, /],
    ['egress: {allowPorts: [a, [25]]}', /^carillon-config: egress.allowPorts must be a list of numbers$/],
    ['egress: {proxy: "http://p:3128"}', /^carillon-config: egress.proxy must be a mapping with url, noProxy$/],
    [
      'egress: {proxy: {URL: a}}',
      /unknown key 'egress.proxy.URL'; allowed are egress.proxy.url, egress.proxy.noProxy$/,
    ],
    ['secrets: {requireLabel: "no"}', /^carillon-config: secrets.requireLabel must be true or false$/],
    ['defaults: {retries: {}}', /unknown key 'defaults.retries'; allowed are defaults.timeout, defaults.retry, /],
    ['defaults: {limits: {concurrency: many, speed: 5}}', /unknown key 'defaults.limits.speed'; allowed are /],
    ['egress: {allowCidrs: 10.0.0.0/8}', /^carillon-config: egress.allowCidrs must be a list of strings$/],
    ['egress: true', /^carillon-config: egress must be a mapping with allowCidrs, allowHosts, allowPorts, proxy$/],
    ['egress: []', /^carillon-config: egress must be a mapping with allowCidrs, allowHosts, allowPorts, proxy$/],
    ['quotas: 5', /^carillon-config: quotas must be a mapping with maxSinksPerNamespace, /],
    ['quotas: {max: 5}', /^carillon-config: unknown key 'quotas.max'; allowed are quotas.maxSinksPerNamespace, /],
    ['quotas: {maxPendingPerNamespace: [5]}', /^carillon-config: quotas.maxPendingPerNamespace must be a quantity/],
    ['archive: a', /^carillon-config: archive must be a mapping with url, tokenFile, caFile, after, reach$/],
    ['archive: {uri: a}', /unknown key 'archive.uri'; allowed are archive.url, /],
    ['archive: {after: 5}', /^carillon-config: archive.after must be a string$/],
    ['tekton: tekton-pipelines', /^carillon-config: tekton must be a mapping with configNamespace$/],
    ['tekton: {namespace: a}', /unknown key 'tekton.namespace'; allowed is tekton.configNamespace$/],
    ['tekton: {configNamespace: [a]}', /^carillon-config: tekton.configNamespace must be a string$/],
    [
      'egress: 10.0.0.0/8',
      /^carillon-config: egress must be a mapping with allowCidrs, allowHosts, allowPorts, proxy$/,
    ],
  ]
  for (const [text, message] of cases) {
    const read = readConfigFile(text)
    assert.ok(!read.ok, text)
    assert.equal(read.reason, 'ConfigInvalid')
    assert.match(read.message, message)
    assert.ok(!read.message.includes('\n'), read.message)
  }
})

test('a Lease is kept unless it is switched off, for whole seconds', () => {
  const leaseMs = (...flags: string[]) => configOf(flags).leaseMs
  assert.equal(leaseMs('--leader-elect', 'false'), undefined)
  assert.equal(leaseMs('--leader-elect=true', '--leader-elect-lease-duration', '1m'), 60_000)
  for (const flags of [
    ['--leader-elect', 'no'],
    ['--leader-elect-lease-duration', '1s'],
    ['--leader-elect-lease-duration', '5500ms'],
    ['--leader-elect-lease-duration', 'long'],
  ]) {
    const refused = resolveConfig(settingsOf(flags))
    assert.equal(!refused.ok && refused.reason, 'FlagInvalid', flags.join(' '))
  }
})

test('a grace period is a duration of at most ten minutes', () => {
  for (const value of ['11m', '0s', '-1s', '20', 'long']) {
    const refused = resolveConfig(settingsOf([`--grace-period=${value}`]))
    assert.equal(!refused.ok && refused.reason, 'FlagInvalid', value)
  }
})

test('the webhook is there where it listens, by names that can be names', () => {
  const webhook = (settings: Settings) => {
    const config = resolveConfig(settings)
    return config.ok ? config.value.webhook : config.message
  }
  assert.equal(webhook({ 'webhook-name': ['a'] }), undefined)
  assert.deepEqual(webhook({ 'webhook-listen': ['[::1]:9443'], 'webhook-host': ['127.0.0.1', 'a.example.com'] }), {
    listen: { host: '::1', port: 9443 },
    name: 'carillon-webhook',
    configuration: 'carillon',
    hosts: ['127.0.0.1', 'a.example.com'],
  })
  assert.match(String(webhook({ 'webhook-listen': ['9443'] })), /^--webhook-listen '9443' must be host:port/)
  assert.match(String(webhook({ 'webhook-name': ['A'] })), /^--webhook-name 'A' is no name/)
  assert.match(String(webhook({ 'webhook-configuration': ['a/b'] })), /^--webhook-configuration 'a\/b' is no name/)
  assert.match(String(webhook({ 'webhook-host': ['https://a'] })), /^--webhook-host 'https:\/\/a' is neither/)
})
