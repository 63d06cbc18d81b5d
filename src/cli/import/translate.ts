import type { EventSink, EventSubscription } from '../../api/generated.ts'
import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import { defaultOptions } from '../../formats/options.ts'
import { tektonv1 } from '../../formats/tekton/tektonv1.ts'
import { tektonSinkOf } from '../../operator/tekton-sink.ts'
import { sources } from '../../sources/index.ts'
import { type Difference, differences } from './differences.ts'
import type { TektonSettings } from './tekton-settings.ts'

/** Where the CRs go, and what both are called. `tektonNamespace`: where Tekton's ConfigMaps are. */
export type Into = { namespace: string; name: string; tektonNamespace: string }

/** A CR as it is written down. */
export type Declared<T extends EventSink | EventSubscription> = {
  apiVersion: T['apiVersion']
  kind: T['kind']
  metadata: { name: string; namespace: string }
  spec: T['spec']
}

export type Translation = {
  sink: Declared<EventSink>
  subscription: Declared<EventSubscription>
  /** What is another than with Tekton, and what is to be done; the first are to be done. */
  differences: Difference[]
}

/** Tekton's settings as a sink and a cluster-wide subscription that send the same types to the same place. */
export function translate(settings: TektonSettings, into: Into): Verdict<Translation> {
  const own = tektonSinkOf(into.tektonNamespace, (map) => settings[map as keyof TektonSettings])
  const [first] = own?.keys ?? []
  if (!own || !first) {
    const where = 'sink of ConfigMap config-events and default-cloud-events-sink of config-defaults'
    return refuse(
      'NothingToImport',
      `Tekton sends no CloudEvents: ${where} are both unset, so there is nothing to import`,
    )
  }
  const address = readAddress(own.address)
  if (!address.ok) return refuse(address.reason, `${first.key} of ${first.map} ${address.message}`)
  const isClassic = beforeEvents(settings['pipelines-info']?.version)
  const sendsCustomRuns = customRunsOf(settings['feature-flags']?.['send-cloudevents-for-runs'], isClassic)
  if (!sendsCustomRuns.ok) return sendsCustomRuns
  const { url, credentials } = address.value
  const { namespace, name } = into
  const metadata = { name, namespace }
  const auth = credentials ? { auth: { basic: { secretRef: { name: `${name}-basic` } } } } : {}
  const mode = isClassic ? ('eachChange' as const) : ('once' as const)
  const kinds = ['PipelineRun', 'TaskRun', ...(sendsCustomRuns.value ? ['CustomRun'] : [])]
  return accept({
    sink: { apiVersion: 'carillon.dev/v1alpha1', kind: 'EventSink', metadata, spec: { http: { url, ...auth } } },
    subscription: {
      apiVersion: 'carillon.dev/v1alpha1',
      kind: 'EventSubscription',
      metadata,
      spec: {
        sinks: [{ name }],
        formats: ['tektonv1'],
        tekton: { mode, source: 'classic' },
        namespaceSelector: {},
        events: kinds.map((kind) => eventsOf(kind, isClassic)),
      },
    },
    differences: differences({
      into,
      url: new URL(url),
      credentials,
      keys: own.keys,
      formats: settings['config-events']?.formats ?? 'tektonv1',
      isClassic,
      version: settings['pipelines-info']?.version,
      sendsCustomRuns: sendsCustomRuns.value,
      knowsFlags: settings['feature-flags'] !== undefined,
    }),
  })
}

type EventSelection = NonNullable<EventSubscription['spec']['events']>[number]

/** Every milestone that Tekton has a type for. */
function eventsOf(kind: string, isClassic: boolean): EventSelection {
  const source = sources[kind]
  const names = (source?.catalogue ?? []).map((row) => row.name)
  const known = names.filter((name) => source && tektonv1.knows(source, name, defaultOptions))
  // Before v1.12 there was no `queued`.
  const milestones = isClassic ? known.filter((name) => name !== 'queued') : known
  return { kind, milestones } as EventSelection
}

/** A URL as EventSink takes it; what it holds is never repeated. */
function readAddress(text: string): Verdict<{ url: string; credentials: boolean }> {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.hostname === '')
    return refuse(
      'InputInvalid',
      'is no http or https URL with a host, so Tekton can not have sent anything there; correct it, such as http://events.example.com/',
    )
  const credentials = url.username !== '' || url.password !== ''
  const isPlain = !credentials && url.hash === '' && /^https?:/.test(text) && !/[\s\\]/.test(text)
  url.username = ''
  url.password = ''
  url.hash = ''
  return accept({ url: isPlain ? text : url.href, credentials })
}

/** Whether it is older than v1.12, where the events controller took over (tektoncd/pipeline#9674, #9677). Unknown counts as newer. */
function beforeEvents(version: string | undefined): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)\./.exec(version ?? '') ?? []
  return major !== undefined && (Number(major) === 0 || (Number(major) === 1 && Number(minor) < 12))
}

/** As Go's strconv.ParseBool reads it. Since v1.12 it is true where nothing is said. */
function customRunsOf(text: string | undefined, isClassic: boolean): Verdict<boolean> {
  if (text === undefined) return accept(!isClassic)
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return accept(true)
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return accept(false)
  return refuse('InputInvalid', 'send-cloudevents-for-runs of feature-flags is neither true nor false')
}
