/** `npm run vulnerabilities`: asks the registry whether anything that is shipped is known to be vulnerable; exits with 1 where it is, unexplained. */
import { spawnSync } from 'node:child_process'
import { auditedOf } from './audit-report.ts'

/** Advisories that do no harm here, and why: SECURITY.md says the same. */
const explained: Record<string, string> = {}

const { stdout } = spawnSync('npm', ['audit', '--json', '--omit=dev', '--omit=optional', '--package-lock-only'], {
  cwd: new URL('../', import.meta.url),
  encoding: 'utf8',
})
const { fails, lines } = auditedOf(stdout ?? '', explained)
for (const line of lines) console.log(line)
if (fails) process.exitCode = 1
