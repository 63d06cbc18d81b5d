import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { defaultPolicy } from '../../src/api/policy.ts'
import { environmentName, type Flag } from '../../src/cli/flag.ts'
import { policyFlags } from '../../src/cli/policy-flags.ts'
import { readCommand } from '../../src/config/command.ts'
import { resolveConfig } from '../../src/config/config.ts'
import { readConfigFile } from '../../src/config/file.ts'
import { durationBounds, numberBounds } from '../../src/config/sink-defaults.ts'

type PolicyFlag = (typeof policyFlags)[number]['name']

/** A value of each flag, in YAML and as a flag, and where the policy holds it. */
const rows: [flag: PolicyFlag, yaml: string, text: string, path: string, held: unknown][] = [
  ['admin-namespace', '[a]', 'a', 'adminNamespaces', new Set(['a'])],
  ['tenant-kind', '[Pod.core]', 'Pod.core', 'tenantKinds', new Set(['Pod.core'])],
  ['allow-cidr', '[10.96.0.0/16]', '10.96.0.0/16', 'egress.allowCidrs', ['10.96.0.0/16']],
  ['allow-host', '["*.example.com"]', '*.example.com', 'egress.allowHosts', ['*.example.com']],
  ['allow-port', '[25]', '25', 'egress.allowPorts', [25]],
  ['egress-proxy', 'http://u:p@proxy:3128', 'http://u:p@proxy:3128', 'egress.proxy.url', 'http://u:p@proxy:3128'],
  ['egress-no-proxy', '[.local, 10.0.0.0/8]', '.local,10.0.0.0/8', 'egress.proxy.noProxy', ['.local', '10.0.0.0/8']],
  ['require-credential-label', 'false', 'false', 'requireCredentialLabel', false],
  ['max-sinks-per-namespace', '0', '0', 'quotas.sinks', undefined],
  ['max-subscriptions-per-namespace', '7', '7', 'quotas.subscriptions', 7],
  ['max-events-per-second-per-namespace', '1k', '1k', 'quotas.eventsPerSecond', 1000],
  ['max-connections-per-namespace', '00', '00', 'quotas.connections', undefined],
  ['max-filter-cost-per-namespace', '20000000', '20M', 'quotas.filterCost', 20_000_000],
  ['max-pending-per-namespace', '5', '5', 'quotas.pending.rows', 5],
  ['max-pending-bytes-per-namespace', '5Mi', '5Mi', 'quotas.pending.bytes', 5_242_880],
  ['default-timeout', '2s', '2s', 'defaults.timeout', 2000],
  ['default-max-age', '10m', '10m', 'defaults.retry.maxAge', 600_000],
  ['default-initial-delay', '2s', '2s', 'defaults.retry.initialDelay', 2000],
  ['default-max-delay', '2m', '2m', 'defaults.retry.maxDelay', 120_000],
  ['default-concurrency', '2', '2', 'defaults.limits.concurrency', 2],
  ['default-events-per-second', '50', '50', 'defaults.limits.eventsPerSecond', 50],
  ['default-max-event-bytes', '32Ki', '32Ki', 'defaults.limits.maxEventBytes', 32_768],
  ['default-max-pending', '1000', '1000', 'defaults.limits.maxPending', 1000],
  ['default-max-pending-bytes', '64Mi', '64Mi', 'defaults.limits.maxPendingBytes', 67_108_864],
  ['default-retention', '0s', '0s', 'defaults.deadLetters.retention', 0],
  ['default-max-dead-letters', '0', '0', 'defaults.deadLetters.max', 0],
]

const at = (object: unknown, path: string): unknown =>
  path.split('.').reduce((value, name) => (value as Record<string, unknown> | undefined)?.[name], object)

const policyOf = (args: string[], env: Record<string, string>, file: string) => {
  const command = readCommand(['run', ...args], env)
  assert.ok(command.ok && command.value.name === 'run', JSON.stringify(command))
  const read = readConfigFile(file)
  assert.ok(read.ok, JSON.stringify(read))
  const config = resolveConfig(command.value.settings, read.value)
  assert.ok(config.ok, JSON.stringify(config))
  return config.value.policy
}

/** YAML of one key, written out: `a.b.c` and a value. */
const yamlOf = (key: string, value: string) =>
  key
    .split('.')
    .map((name, depth) => `${'  '.repeat(depth)}${name}:`)
    .join('\n')
    .concat(` ${value}\n`)

test('every part of the policy has a flag, an environment name and a key', () => {
  assert.deepEqual(
    rows.map(([flag]) => flag),
    policyFlags.map(({ name }) => name),
  )
  for (const [name, yaml, text, path, held] of rows) {
    const { key, list } = policyFlags.find((flag) => flag.name === name) as Flag
    const proxied = name === 'egress-no-proxy' ? { CARILLON_EGRESS_PROXY: 'http://proxy:3128' } : {}
    const values = list ? text.split(',') : [text]
    const given = {
      flag: policyOf(
        values.map((value) => `--${name}=${value}`),
        proxied,
        '',
      ),
      environment: policyOf([], { ...proxied, [environmentName(name)]: text }, ''),
      key: policyOf([], proxied, yamlOf(key ?? '', yaml)),
    }
    for (const [how, policy] of Object.entries(given)) assert.deepEqual(at(policy, path), held, `${name}, ${how}`)
  }
})

test('the defaults of the flags are those of the policy', () => {
  assert.deepEqual(policyOf([], {}, ''), defaultPolicy)
})

test('of the times of retry, what is left out fits what is given', () => {
  const retry = (file: string) => policyOf([], {}, `defaults: {retry: ${file}}`).defaults.retry
  assert.deepEqual(retry('{maxAge: 10s}'), { maxAge: 10_000, initialDelay: 1000, maxDelay: 10_000 })
  assert.deepEqual(retry('{initialDelay: 1h, maxDelay: 2h}'), {
    maxAge: 72 * 3_600_000,
    initialDelay: 3_600_000,
    maxDelay: 7_200_000,
  })
})

const wrong: [file: string, message: RegExp][] = [
  ['egress: {allowCidrs: [10.0.0.0]}', /^carillon-config: egress.allowCidrs: '10.0.0.0' is no CIDR/],
  [
    'egress: {allowHosts: ["https://a.example.com"]}',
    /^carillon-config: egress.allowHosts 'https:.*' must be a name such/,
  ],
  ['egress: {allowHosts: ["*"]}', /egress.allowHosts '\*' must be a name/],
  ['egress: {allowHosts: ["a.*.example.com"]}', /egress.allowHosts /],
  ['egress: {allowHosts: ["10.0.0.1"]}', /egress.allowHosts '10.0.0.1' must be a name/],
  ['egress: {allowHosts: ["0x7f.1"]}', /egress.allowHosts /],
  ['egress: {allowHosts: ["[::1]"]}', /egress.allowHosts /],
  ['egress: {allowPorts: [0]}', /^carillon-config: egress.allowPorts '0' must be a port from 1 to 65535$/],
  ['egress: {allowPorts: [65536]}', /egress.allowPorts '65536'/],
  ['egress: {allowPorts: ["25-30"]}', /egress.allowPorts '25-30'/],
  ['egress: {allowPorts: [1.5]}', /egress.allowPorts '1.5'/],
  ['egress: {proxy: {noProxy: [a]}}', /^carillon-config: egress.proxy.noProxy goes with --egress-proxy/],
  ['egress: {proxy: {url: "http://p", noProxy: [a b]}}', /^carillon-config: egress.proxy.noProxy 'a b' must be a host/],
  ['quotas: {maxSinksPerNamespace: -1}', /^carillon-config: quotas.maxSinksPerNamespace: '-1' is no quantity/],
  ['quotas: {maxPendingPerNamespace: 0}', /^carillon-config: quotas.maxPendingPerNamespace: '0' is no quantity/],
  ['defaults: {timeout: 10m}', /^carillon-config: defaults.timeout must be a duration from 100ms to 5m, not '10m'$/],
  ['defaults: {timeout: 0s}', /defaults.timeout must be a duration from/],
  ['defaults: {timeout: soon}', /^carillon-config: defaults.timeout: 'soon' is no duration/],
  ['defaults: {retry: {maxAge: 721h}}', /defaults.retry.maxAge must be a duration from 1s to 720h/],
  ['defaults: {retry: {initialDelay: 9ms}}', /defaults.retry.initialDelay must be a duration from 10ms to 1h/],
  ['defaults: {retry: {maxDelay: 25h}}', /defaults.retry.maxDelay must be a duration from 10ms to 24h/],
  [
    'defaults: {retry: {maxAge: 10s, maxDelay: 20s}}',
    /^carillon-config: defaults.retry.maxDelay: maxDelay must not be/,
  ],
  [
    'defaults: {limits: {concurrency: 0}}',
    /^carillon-config: defaults.limits.concurrency must be from 1 to 256, not '0'$/,
  ],
  ['defaults: {limits: {maxEventBytes: 2Mi}}', /defaults.limits.maxEventBytes must be from 1Ki to 1Mi, not '2Mi'$/],
  ['defaults: {limits: {maxPendingBytes: 17Gi}}', /defaults.limits.maxPendingBytes must be from 1Mi to 16Gi/],
  ['defaults: {deadLetters: {max: 1000001}}', /defaults.deadLetters.max must be from 0 to 1000000/],
]

test('what the policy can not be is refused by its key', () => {
  for (const [file, message] of wrong) {
    const read = readConfigFile(file)
    assert.ok(read.ok, JSON.stringify(read))
    const config = resolveConfig({}, read.value)
    assert.ok(!config.ok, file)
    assert.equal(config.reason, 'ConfigInvalid')
    assert.match(config.message, message)
  }
})

test('a proxy that can not be is refused without a word of its URL, which may hold a password', () => {
  for (const url of [
    'hunter2',
    'ftp://u:hunter2@p',
    'http://u:hunter2@p/path',
    'http://u:hunter2@p?q',
    'http://u:hunter2@p:0x1',
  ]) {
    const config = resolveConfig({}, { 'egress-proxy': [url] })
    assert.ok(!config.ok, url)
    assert.match(
      config.message,
      /^carillon-config: egress.proxy.url must be a URL with scheme http or https and a host/,
    )
    assert.doesNotMatch(config.message, /hunter2/)
  }
})

test('a proxy whose password is no percent-encoding is refused, not met with at the first delivery', () => {
  for (const url of ['http://u:hunter2%@p:3128', 'http://%zzhunter2@p']) {
    const config = resolveConfig({}, { 'egress-proxy': [url] })
    assert.ok(!config.ok, url)
    assert.match(config.message, /^carillon-config: egress.proxy.url: .* written %25/)
    assert.doesNotMatch(config.message, /hunter2/)
  }
  assert.ok(resolveConfig({}, { 'egress-proxy': ['http://u:100%25@p:3128'] }).ok)
})

test('the bounds of the CRD hold for the defaults of sinks', () => {
  const crd = parse(readFileSync(new URL('../../crds/carillon.dev_eventsinks.yaml', import.meta.url), 'utf8'))
  const spec = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties
  for (const flag of policyFlags as readonly Flag[]) {
    const name = flag.name as keyof typeof durationBounds | keyof typeof numberBounds
    if (!flag.key?.startsWith('defaults.')) continue
    const path = flag.key.replace('defaults.timeout', 'defaults.http.timeout').split('.').slice(1)
    const [group = '', field = ''] = path
    const schema = spec[group].properties[field]
    assert.equal(schema.default, undefined, `${flag.key}: the CRD's default would hide the administrator's`)
    if (name in durationBounds) {
      const { least, most } = durationBounds[name as keyof typeof durationBounds]
      assert.ok(schema['x-kubernetes-validations'][0].message.includes(` from ${least} to ${most},`), flag.key)
    } else {
      const { least, most } = numberBounds[name as keyof typeof numberBounds]
      // No limit is written 0 here, and left out there.
      const lowest = flag.name === 'default-events-per-second' ? 0 : schema.minimum
      assert.deepEqual([lowest, schema.maximum], [least, most], flag.key)
    }
  }
})
