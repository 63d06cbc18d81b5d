import { type Field, type Fields, type Rule, type SpecVersion, specVersions } from '../../src/formats/cdevents/rules.ts'
import { vocabulary } from '../../src/formats/cdevents/vocabulary.ts'

const folder = 'src/formats/cdevents'
const header = 'Generated from the vocabulary by `npm run generate`. Do not edit.'
const rows = Object.entries(vocabulary)

/** Makes the types of the CDEvents library, and the page on its vocabulary. */
export async function generate(): Promise<Map<string, string>> {
  return new Map([
    [`${folder}/generated.ts`, types()],
    [`${folder}/VOCABULARY.md`, page()],
  ])
}

function types(): string {
  return `// ${header}
/* biome-ignore-all format: a line for each event */

/** The subject of another event: its id, and the source of its events where that is another one. */
export type Reference = { id: string; source?: string }

/** The types of all events, by the version of the specification and the event's name. */
export type Types = {
${specVersions.map((version) => `  '${version}': {\n${rows.map(([name, row]) => `    '${name}': 'dev.cdevents.${name}.${row.versions[version]}'\n`).join('')}  }\n`).join('')}}

/** \`<subject>.<predicate>\` of an event of the vocabulary. */
export type EventName = keyof Types['0.5.1']

/** \`subject.content\` of each event, in the neutral model, which is how 0.5.1 has it. */
export type Contents = {
${rows.map(([name, row]) => `  /** ${row.means} */\n  '${name}': ${objectType(row.content, '0.5.1')}\n`).join('')}}

/** \`subject.content\` of each event where 0.4.1 has it otherwise. */
type Older = {
${rows
  .filter(([, row]) => objectType(row.content, '0.4.1') !== objectType(row.content, '0.5.1'))
  .map(([name, row]) => `  '${name}': ${objectType(row.content, '0.4.1')}\n`)
  .join('')}}

/** \`subject.content\` of each event as 0.4.1 has it. */
export type Contents041 = Omit<Contents, keyof Older> & Older
`
}

function objectType(fields: Fields, version: SpecVersion): string {
  const members = Object.entries(fields).map(([name, field]) => {
    const { name: written, rule } = fieldIn(name, field, version)
    return `${written}${field.required ? '' : '?'}: ${typeOf(rule, version)}`
  })
  return members.length === 0 ? 'Record<string, never>' : `{ ${members.join('; ')} }`
}

function typeOf(rule: Rule, version: SpecVersion): string {
  switch (rule.is) {
    case 'text':
      if (rule.oneOf) return rule.oneOf.map((word) => `'${word}'`).join(' | ')
      return rule.known ? `${rule.known.map((word) => `'${word}'`).join(' | ')} | (string & {})` : 'string'
    case 'texts':
      return 'readonly string[]'
    case 'object':
      if (isReference(rule)) return 'Reference'
      return `${objectType(rule.fields, version)}${rule.open ? ' & Record<string, unknown>' : ''}`
  }
}

const isReference = (rule: Rule) => rule.is === 'object' && Object.keys(rule.fields).join() === 'id,source'

const fieldIn = (name: string, field: Field, version: SpecVersion) =>
  version === '0.4.1'
    ? { name: field.old?.name ?? name, rule: field.old?.rule ?? field.rule }
    : { name, rule: field.rule }

function page(): string {
  const sections = rows.map(([name, row]) => {
    const fields = Object.entries(row.content).flatMap(([field, value]) => lines(field, value))
    return [
      `## ${name}`,
      `${row.means.charAt(0).toUpperCase()}${row.means.slice(1)}.${row.purl ? ' By the text, `subject.id` is a package URL.' : ''}`,
      `- 0.4.1: \`dev.cdevents.${name}.${row.versions['0.4.1']}\`, \`subject.type\` is \`${row.subjectType}\`\n- 0.5.1: \`dev.cdevents.${name}.${row.versions['0.5.1']}\``,
      fields.length === 0
        ? '`subject.content` is `{}`.'
        : [
            '| `subject.content` | required | what it must be | what it means | in 0.4.1 |',
            '|---|---|---|---|---|',
            ...fields,
          ].join('\n'),
    ].join('\n\n')
  })
  return `<!-- ${header} -->
# The vocabulary of CDEvents 0.4.1 and 0.5.1

${rows.length} events. A *reference* is \`{id, source?}\`: the subject of another event, and the source of its events where that is another one.

${sections.join('\n\n')}
`
}

function lines(name: string, field: Field): string[] {
  const inner = field.rule.is === 'object' && !isReference(field.rule) ? field.rule.fields : {}
  return [
    `| \`${name}\` | ${field.required ? 'yes' : field.wanted ? 'by the text' : ''} | ${words(field.rule)} | ${field.means} | ${older(field)} |`,
    ...Object.entries(inner).flatMap(([child, value]) => lines(`${name}.${child}`, value)),
  ]
}

function older({ old, rule }: Field): string {
  if (!old) return ''
  return [
    ...(old.name ? [`\`${old.name}\``] : []),
    ...(old.rule && words(old.rule) !== words(rule) ? [words(old.rule)] : []),
  ].join(', ')
}

function words(rule: Rule): string {
  switch (rule.is) {
    case 'text':
      if (rule.oneOf) return rule.oneOf.map((word) => `\`${word}\``).join(', ')
      return [
        rule.format === 'uri' ? 'absolute URI' : rule.format === 'uri-reference' ? 'URI reference' : 'text',
        ...(rule.filled ? ['not empty'] : []),
        ...(rule.purl ? ['a package URL by the text'] : []),
        ...(rule.known ? [`usually ${rule.known.map((word) => `\`${word}\``).join(', ')}`] : []),
      ].join(', ')
    case 'texts':
      return 'array of texts'
    case 'object':
      return isReference(rule) ? 'reference' : rule.open ? 'object, open' : 'object'
  }
}
