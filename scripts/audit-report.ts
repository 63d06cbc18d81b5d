/** What `npm audit --json` says: of packages that are shipped (`fails` when any is vulnerable), or that it says nothing. */
export type Audited = { fails: boolean; lines: string[] }

type Advisory = { title?: string; url?: string; severity?: string }
type Report = {
  auditReportVersion?: number
  vulnerabilities?: Record<string, { severity?: string; range?: string; via?: (Advisory | string)[] }>
  message?: string
  error?: { summary?: string }
}

/**
 * Reads the report; `explained` are advisories (their URL → why they do no harm) that are told and do not fail. A registry without the advisories'
 * endpoint (mirrors answer 404 or 405) says neither that there is nothing nor that there is something: that is told, and does not fail.
 */
export function auditedOf(text: string, explained: Readonly<Record<string, string>> = {}): Audited {
  const report = read(text)
  if (report?.auditReportVersion === undefined) {
    const why = report?.error?.summary || report?.message || 'no answer'
    const instead = 'give dist/carillon.cdx.json to a scanner that has advisories of its own'
    return { fails: false, lines: [`the registry has no advisories to ask for (${why}): nothing is known; ${instead}`] }
  }
  const advisories = Object.entries(report.vulnerabilities ?? {}).flatMap(([name, { via = [], severity, range }]) =>
    via.flatMap((one) => (typeof one === 'string' ? [] : [{ name, range, severity, ...one }])),
  )
  if (advisories.length === 0) return { fails: false, lines: ['no known vulnerability in what is shipped'] }
  const open = advisories.filter(({ url }) => url === undefined || !Object.hasOwn(explained, url))
  const lines = advisories.map(({ name, range, severity, title, url = '' }) => {
    const why = explained[url]
    return `${name} ${range ?? ''}: ${severity ?? ''}: ${title ?? ''} ${url}${why === undefined ? '' : ` (${why})`}`
  })
  return { fails: open.length > 0, lines }
}

function read(text: string): Report | undefined {
  try {
    const report: unknown = JSON.parse(text)
    return typeof report === 'object' && report !== null ? report : undefined
  } catch {
    return undefined // npm ended before it could write one: told as no answer
  }
}
