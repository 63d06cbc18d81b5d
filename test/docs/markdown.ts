/** A fenced block. `info` are the words after the language, `line` is where it begins, from 1. */
export type Block = { language: string; info: string[]; code: string; line: number }

const fence = /^( *)```(\S*)(.*)\n([\s\S]*?)^\1```$/gm

export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(fence)].map(({ 2: language = '', 3: info = '', 4: code = '', index }) => ({
    language,
    info: info.split(' ').filter(Boolean),
    code,
    line: markdown.slice(0, index).split('\n').length,
  }))
}

export const withoutBlocks = (markdown: string): string => markdown.replace(fence, '')

/** Targets of links and images, code left out. */
export function linksOf(markdown: string): string[] {
  const prose = withoutBlocks(markdown).replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
}

/** The anchors that GitHub gives to headings: lower case, without punctuation, spaces as dashes. */
export function headingsOf(markdown: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutBlocks(markdown).matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    anchors.add(anchors.has(anchor) ? `${anchor}-1` : anchor)
  }
  return anchors
}
