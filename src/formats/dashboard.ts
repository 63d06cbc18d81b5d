import type { KubeObject } from '../api/object.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { Source } from '../sources/source.ts'
import { isUri } from './cdevents/formats.ts'
import type { Cluster } from './format.ts'

const placeholders: Readonly<Record<string, (source: Source, object: KubeObject) => string>> = {
  namespace: (_, object) => object.metadata.namespace ?? '',
  name: (_, object) => object.metadata.name,
  uid: (_, object) => object.metadata.uid,
  kind: (source) => source.kind,
  plural: (source) => source.plural,
  group: (source) => source.group,
  version: (source) => source.version,
}

/**
 * Makes `Cluster.urlOf` of `--dashboard-url`, e.g. `https://tekton.example.com/#/namespaces/{{namespace}}/{{plural}}/{{name}}`; values
 * go in percent-encoded, and so is of the template itself what may not stand in a URI. Without a template: the object's URL at the API
 * server. Refuses unknown placeholders, and what is no http(s) URL.
 */
export function compileDashboard(template: string | undefined, apiServer: string): Verdict<Cluster['urlOf']> {
  if (template === undefined || template === '') return accept(apiUrl(apiServer))
  // Odd places hold what stands between braces.
  const parts = template.split(/\{\{(.*?)\}\}/)
  const names = parts.filter((_, index) => index % 2 === 1).map((name) => name.trim())
  const wrong = names.find((name) => !Object.hasOwn(placeholders, name))
  if (wrong !== undefined) return refused(`{{${wrong}}} is not known`)
  const raw = parts.filter((_, index) => index % 2 === 0)
  if (raw.some((literal) => /\{\{|\}\}/.test(literal))) return refused('a {{ or }} has no partner')
  const literals = raw.map((literal) => literal.toWellFormed().replace(noUriCharacters, encodeURIComponent))
  const sample = URL.parse(literals.join('x'))
  if (sample?.protocol !== 'https:' && sample?.protocol !== 'http:') return refused('it is no http or https URL')
  if (sample.username || sample.password) return refused('it holds credentials')
  if (!isUri(literals.join('x'))) return refused('it is no URI, with a bracket, # or % where none may be')
  const values = names.map((name) => placeholders[name] ?? (() => ''))
  return accept((source, object) =>
    values.reduce((url, value, i) => url + encode(value(source, object)) + literals[i + 1], literals[0] ?? ''),
  )
}

// RFC 3986 §2: browsers take them, receivers that look closely (CDEvents 0.5.1) do not.
const noUriCharacters = /[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+/g

const refused = (what: string): Verdict<never> =>
  refuse(
    'InvalidDashboardURL',
    `The dashboard URL can't be used: ${what}. It is an http(s) URL that may hold ${Object.keys(placeholders)
      .map((name) => `{{${name}}}`)
      .join(', ')}`,
  )

function apiUrl(apiServer: string): Cluster['urlOf'] {
  const base = apiServer.replace(/\/+$/, '')
  return (source, object) => {
    const api = source.group ? `apis/${source.group}` : 'api'
    const namespace = object.metadata.namespace
    const scope = namespace ? `/namespaces/${encode(namespace)}` : ''
    return `${base}/${api}/${source.version}${scope}/${source.plural}/${encode(object.metadata.name)}`
  }
}

const encode = (value: string): string => encodeURIComponent(value.toWellFormed())
