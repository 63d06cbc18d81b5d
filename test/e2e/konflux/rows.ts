import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { typeOf } from '../../../src/formats/cloudevents.ts'
import { formats } from '../../../src/formats/index.ts'
import { defaultOptions } from '../../../src/formats/options.ts'
import { rowOf } from '../../../src/sources/event-of.ts'
import { sources } from '../../../src/sources/index.ts'
import type { Format } from './render.ts'

/** Each line of what the replay is held to says which row of the catalogue it is of. Needs nothing but this repository. */
export function rows(): void {
  for (const format of ['cloudevents', 'cdevents'] satisfies Format[])
    test(`each line of expected/${format}.txt names a row of the catalogue that has such an event`, () => {
      const lines = readFileSync(new URL(`expected/${format}.txt`, import.meta.url), 'utf8')
        .trimEnd()
        .split('\n')
      let source = sources['']
      for (const line of lines) {
        if (!line.startsWith('  ')) source = sources[line.split(' ')[1] ?? '']
        else {
          const [, type, name = ''] = /^ {2}(\S+) .*<- ([a-z-]+)( \(.+\))?$/.exec(line) ?? assert.fail(line)
          assert.ok(source && rowOf(source, name), line)
          if (format === 'cloudevents') assert.equal(type, typeOf(source, name), line)
          else assert.ok(formats.cdevents.knows(source, name, defaultOptions), line)
        }
      }
    })
}
