import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type SpecVersion, specVersions } from '../../../src/formats/cdevents/rules.ts'
import { validate } from '../../../src/formats/cdevents/validate.ts'
import { ensureTool } from '../../controlplane/tools.ts'
import { type Example, examples, present } from './official.ts'

export type Question = { what: string; version: SpecVersion; event: unknown }

/** What the Go SDK says of each: '' where it takes it. */
export async function verdicts(questions: readonly Question[]): Promise<string[]> {
  const child = spawn(await ensureTool('cdevents-verdicts'), { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => answers.push(JSON.parse(line).error))
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  const written = questions.map(({ version, event }) => `${JSON.stringify({ version, event })}\n`).join('')
  child.stdin.on('error', () => assert.fail('the Go SDK ended before it had read all'))
  child.stdin.end(written)
  assert.equal(await ended, 0)
  assert.equal(answers.length, questions.length)
  return answers
}

/** Events for which our verdict by the profile and that of the SDK are not the same, where the official schemas let them pass. */
export async function differences(questions: readonly Question[]): Promise<Map<string, string>> {
  const answers = await verdicts(questions)
  const found = questions.flatMap(({ what, event }, index) => {
    const problems = validate(event, 'sdk-go')
    if (problems.some(({ rule }) => rule !== 'sdk-go')) return []
    const answer = answers[index] ?? ''
    return (problems.length === 0) === (answer === '') ? [] : [[what, answer || JSON.stringify(problems)] as const]
  })
  return new Map(found)
}

/** Every example names a schema that the SDK does not hold. */
export function withoutSchema({ event }: Example) {
  const { schemaUri: _, ...context } = event.context
  return { ...event, context }
}

/** All official examples; none where they are absent. */
export const every = present ? specVersions.flatMap((version) => examples(version)) : []
/** The example of a file, without its schema. */
export const find = (file: string) => {
  const found = every.find((example) => example.file === file)
  assert.ok(found, file)
  return withoutSchema(found)
}
