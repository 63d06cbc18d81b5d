import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'
import { outboxContract } from './contract.ts'

const root = mkdtempSync(join(tmpdir(), 'carillon-outbox-'))
after(() => rmSync(root, { recursive: true }))

outboxContract(async (clock) => {
  const opened = openSqliteOutbox({ directory: mkdtempSync(join(root, 'data-')), now: () => clock.ms })
  if (!opened.ok) throw new Error(opened.message)
  return opened.value
})
