import { stringify } from 'yaml'
import type { Translation } from './translate.ts'

const width = 118

/** Both CRs as YAML, with what differs as comments before them. */
export function render({ sink, subscription, differences }: Translation): string {
  const heads = [
    { todo: true, head: 'To be done:' },
    { todo: false, head: 'What differs from what Tekton sends by itself:' },
  ]
  const comments = heads.flatMap(({ todo, head }) => [
    head,
    ...differences.filter((one) => one.todo === todo).flatMap(({ text }) => wrapped(text)),
    '',
  ])
  const lines = ["From Tekton's settings, by carillon import tekton-config.", '', ...comments.slice(0, -1)]
  return `${lines.map((line) => `# ${line}`.trimEnd()).join('\n')}\n${yaml(sink)}---\n${yaml(subscription)}`
}

const yaml = (declared: object): string => stringify(declared, { aliasDuplicateObjects: false })

/** A list's item in lines of a terminal's width; a command stays whole. */
function wrapped(text: string): string[] {
  const [prose = '', ...commands] = text.split(/: (?=kubectl )| && (?=kubectl )/)
  const lines = ['-']
  for (const word of (commands.length > 0 ? `${prose}:` : prose).split(' ')) {
    const line = `${lines.at(-1)} ${word}`
    if (line.length > width - 2) lines.push(`  ${word}`)
    else lines[lines.length - 1] = line
  }
  return [...lines, ...commands.map((command) => `    ${command}`)]
}
