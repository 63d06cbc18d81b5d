import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditedOf } from '../../scripts/audit-report.ts'

const url = 'https://github.com/advisories/GHSA-0000-0000-0000'
const advisory = { source: 1, name: 'undici', title: 'Request smuggling', url, severity: 'high', range: '<9' }
const vulnerable = JSON.stringify({
  auditReportVersion: 2,
  vulnerabilities: {
    undici: { name: 'undici', severity: 'high', via: [advisory], range: '<9' },
    // Vulnerable by what it depends on: that is told once.
    client: { name: 'client', severity: 'high', via: ['undici'], range: '*' },
  },
})

test('a vulnerability in what is shipped fails, and is named', () => {
  assert.deepEqual(auditedOf(vulnerable), { fails: true, lines: [`undici <9: high: Request smuggling ${url}`] })
})

test('one that is explained is told with its explanation', () => {
  assert.deepEqual(auditedOf(vulnerable, { [url]: 'HTTP/2 is not used' }), {
    fails: false,
    lines: [`undici <9: high: Request smuggling ${url} (HTTP/2 is not used)`],
  })
})

test('none is said to be none, and no answer is not', () => {
  const none = JSON.stringify({ auditReportVersion: 2, vulnerabilities: {} })
  assert.deepEqual(auditedOf(none), { fails: false, lines: ['no known vulnerability in what is shipped'] })
  const answers = [
    ['{"message": "405 Method Not Allowed - POST https://registry.example.com/-/npm"}', '405 Method Not Allowed'],
    ['{"error": {"code": "ENOLOCK", "summary": "This command requires an existing lockfile."}}', 'existing lockfile'],
    ['', 'no answer'],
    ['null', 'no answer'],
  ] as const
  for (const [text, why] of answers) {
    const { fails, lines } = auditedOf(text)
    assert.equal(fails, false)
    assert.match(lines.join(), /nothing is known/)
    assert.ok(lines.join().includes(why), text)
  }
})
