// Texts for fields that are not enumerations: right ones, odd ones, and what somebody would try.
import { knownSources } from '../../../src/sources/index.ts'
import { between, type Random } from '../random.ts'

/** Where the texts lead: names of this wave's own CRs, its namespaces, and a server that answers anything. */
export type Places = { sinks: readonly string[]; namespaces: readonly string[]; port: number }

export const pick = <T>(random: Random, from: readonly T[]): T => from[between(random, 0, from.length - 1)] as T

/** A text for a field, by the end of its path; undefined: any will do. */
export function textFor(path: string, random: Random, places: Places): string | undefined {
  const pool = pools(places).find(([pattern]) => pattern.test(path))?.[1]
  if (!pool) return undefined
  const text = pick(random, pool)
  return random() < 0.1 ? mangled(text, random) : text
}

/** Nothing but loopback is ever connected to: the other addresses are refused, the other names are nobody's. */
const pools = ({ sinks, namespaces, port }: Places): [RegExp, readonly string[]][] => [
  [/\.(url|tokenURL)$/, urls(port)],
  [/\.path$/, ['/', '/hook?a=b', '/%2e%2e/x', '/ä', '//host', '/a b']],
  [/\.(timeout|maxAge|initialDelay|maxDelay|retention|within)$/, durations],
  [/\.sinks\[\]\.name$|sinkRef\.name$/, sinks],
  [/\.namespace$/, namespaces],
  [/(Ref|Account)\.name$|secretKeyRef\.name$|serviceRef\.name$/, ['one', 'two', 'absent', 'a.b', 'x'.repeat(63)]],
  [/\.key$/, ['token', 'ca.crt', 'key', 'metadata.uid', 'object.metadata.name', '', 'team', 'example.com/team']],
  [/\.(headers\[\])\.name$/, ['X-Team', 'Accept', 'ce-id', 'Authorization', "x!#$%&'*", 'Host', 'x-y-z', 'Via']],
  [/\.origin$/, ['carillon.example.com', 'x', '127.0.0.1', 'a..b']],
  [/\.audience$/, ['https://sink.example.com', 'api', 'https://kubernetes.default.svc.cluster.local', 'x']],
  [/\.kind$/, ['Pod', 'Secret', 'ConfigMap', 'Widget', 'EventSink', 'Lease', ...often('TaskRun', 20), ...kinds]],
  [/\.group$/, ['', 'core', 'tekton.dev', 'appstudio.redhat.com', 'carillon.dev', 'coordination.k8s.io', 'x.example']],
  [/\.milestones\[\]$/, milestones],
  [/\.define\[\]\.name$/, ['renewed', 'a', 'finished', 'x-1']],
  [/\.(when|key|filter|body)$|\.extensions\{\}$/, expressions],
  [/\.extensions\{key\}$/, ['team', 'a1', 'traceparent', 'x', 'id', 'source', 'abcdefghijklmnopqrst']],
  [/\.(include|redact)\[\]$/, pointers],
  [/\.types\[\]$/, ['dev.cdevents.artifact.published', 'dev.cdeventsx.mine.thing.done', 'dev.cdevents.none', 'x']],
  [
    /\.startFrom$/,
    ['Now', ...often('Earliest', 4), '2026-01-31T12:00:00Z', '9999-12-31T23:59:59Z', '2026-02-30T00:00:00Z'],
  ],
  [/\.(matchLabels|outcomes)\{key\}$/, ['team', 'example.com/team', 'tekton.dev/pipeline', 'Failed', 'a/b/c', '-']],
  [/\.(matchLabels\{\}|values\[\])$/, ['a', 'build', '', 'x'.repeat(63), 'A.b_c-d']],
]

const often = (text: string, times: number): string[] => Array.from({ length: times }, () => text)

const kinds = [...knownSources.all].map(({ kind }) => kind)

const milestones = [
  'queued',
  'started',
  'running',
  'finished',
  'deleted',
  'changed',
  'created',
  'passed',
  'ready',
  'no-such',
]

const durations = [
  '1s',
  '250ms',
  '1h30m',
  '72h',
  '0s',
  '5m',
  '24h',
  '1.5h',
  '000001s',
  '720h',
  '10ms',
  '1m',
  '15s',
  '8760h',
]

const urls = (port: number): string[] => [
  ...Array.from({ length: 8 }, () => `http://127.0.0.1:${port}/`),
  `http://localhost:${port}/a?b=c`,
  `https://127.0.0.1:${port}/`,
  `http://2130706433:${port}/`,
  `http://0x7f.1:${port}/x`,
  `http://[::ffff:127.0.0.1]:${port}/`,
  'http://127.0.0.1:1/',
  'http://169.254.169.254/latest/meta-data/',
  'https://10.0.0.1/',
  'http://[::1]:22/',
  'https://nobody.invalid/hook',
  'http://kubernetes.default.svc/',
  'http://%31%32%37.0.0.1/',
  `http://127.0.0.1:${port}/${'x'.repeat(1500)}`,
]

const expressions = [
  'true',
  'milestone.name == "finished"',
  'milestone.outcome != "success" && object.metadata.name.startsWith("run")',
  'object.metadata.labels["team"] == "a"',
  'object.spec.params.exists(p, p.name == "revision")',
  'has(object.status.results) && object.status.results.all(r, size(r.value) < 10)',
  '1/0 == 1',
  'object.no.such.thing',
  '"a" + 1',
  'object.metadata.name.matches("^(a+)+$")',
  'object.metadata.name.matches("(")',
  '[1,2,3].map(x, [1,2,3].map(y, [1,2,3].map(z, x*y*z))).size() > 0',
  '{"text": milestone.name}',
  '{"a": {"b": [object, object, object]}}',
  '{milestone.name: event.subject}',
  'event.subject + " failed"',
  'string(object)',
  'milestone.time',
  'dyn(1) == dyn("1")',
  'timestamp("x") > timestamp("2026-01-01T00:00:00Z")',
  'duration("99999999999h") > duration("1s")',
  'size("x") == 18446744073709551615',
  'object.metadata.annotations.map(k, k)',
  'true ? object : milestone',
  `${'!'.repeat(40)}true`,
  `${'('.repeat(60)}true${')'.repeat(60)}`,
  `"${'x'.repeat(1900)}" != ""`,
  'has(object.metadata)',
  'null',
  'b"\\xff" == b"\\xff"',
  'object.metadata.name == "\u{1F600}\\u0000"',
]

const pointers = [
  '/spec/params',
  '/status',
  '/metadata/labels/team',
  '/spec/a~1b',
  '/spec/~',
  '/',
  '/spec/0/x',
  '/metadata/name',
]

/** One character is another, gone or twice. */
function mangled(text: string, random: Random): string {
  const at = between(random, 0, Math.max(0, text.length - 1))
  const instead = pick(random, ['', 'ß', '\u0000', '"', '$', text[at] ?? '', `${text[at]}${text[at]}`, ' '])
  return text.slice(0, at) + instead + text.slice(at + 1)
}
