import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import packageJson from '../../package.json' with { type: 'json' }
import { billOfMaterials } from '../../scripts/bill-of-materials.ts'
import { buildBundle } from '../faults/bundle.ts'

type Component = {
  'bom-ref': string
  name: string
  version: string
  purl: string
  hashes: { alg: string; content: string }[]
  licenses: ({ license: { id: string } } | { expression: string })[]
}
type Bill = { components: Component[]; dependencies: { ref: string; dependsOn: string[] }[] } & Record<string, unknown>

type Lock = { packages: Record<string, { integrity?: string; resolved?: string }> }

/** What may be shipped with a program under Apache-2.0 without further thought. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT']

suite('beside the bundle', () => {
  const directory = mkdtempSync(join(tmpdir(), 'carillon-bundle-'))
  let bill: Bill
  let licenses: string
  before(() => {
    buildBundle(directory)
    bill = JSON.parse(readFileSync(join(directory, 'carillon.cdx.json'), 'utf8'))
    licenses = readFileSync(join(directory, 'THIRD-PARTY-LICENSES.txt'), 'utf8')
  })
  after(() => rmSync(directory, { recursive: true }))

  test('stands a bill of materials with every package that it holds, each with the hash that was installed', () => {
    assert.deepEqual([bill.bomFormat, bill.specVersion], ['CycloneDX', '1.6'])
    const names = bill.components.map(({ name }) => name)
    for (const name of Object.keys(packageJson.dependencies)) assert.ok(names.includes(name), name)
    assert.equal(new Set(bill.components.map((one) => one['bom-ref'])).size, bill.components.length)
    for (const { name, version, purl, hashes } of bill.components) {
      assert.equal(purl, `pkg:npm/${name.replace('@', '%40')}@${version}`)
      assert.match(hashes[0]?.content ?? '', /^[0-9a-f]{128}$/, name)
    }
    assert.deepEqual(bill.dependencies, [{ ref: 'carillon', dependsOn: bill.components.map(({ purl }) => purl) }])
  })

  test('every package has a licence that may go with ours', () => {
    const odd = bill.components.filter(
      ({ licenses: [one] }) => !one || !('license' in one) || !allowed.includes(one.license.id),
    )
    assert.deepEqual(odd, [])
  })

  test('stand their licences, each with its text', () => {
    for (const { name, version } of bill.components) assert.ok(licenses.includes(`\n${name} ${version}, `), name)
    assert.equal(licenses.includes('holds no text of its licence'), false)
  })
})

test('a licence that is an expression stays one', () => {
  const one = { path: 'node_modules/a', name: 'a', version: '1.0.0', license: '(MIT OR Apache-2.0)' }
  const bundled = { ...one, integrity: undefined, homepage: undefined, licenseText: undefined }
  const bill: Bill = JSON.parse(billOfMaterials({ name: 'program', version: '1.0.0' }, [bundled]))
  assert.deepEqual(bill.components[0]?.licenses, [{ expression: '(MIT OR Apache-2.0)' }])
  assert.deepEqual(bill.components[0]?.hashes, [])
})

test('every package that is installed is held to a hash, and comes from no place of its own', () => {
  const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as Lock
  const odd = Object.entries(lock.packages).filter(
    ([path, one]) => path !== '' && (!/^sha512-/.test(one.integrity ?? '') || one.resolved),
  )
  assert.deepEqual(odd, [])
  const versions = Object.values({ ...packageJson.dependencies, ...packageJson.devDependencies })
  assert.deepEqual(
    versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version)),
    [],
  )
})
