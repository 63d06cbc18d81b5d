import { endOfString, heapOf, lightBytes, mostHeap, quote } from './heap.ts'

/** A member of a JSON object: where it stands in the text, its name included, and what it takes of the heap. */
type Member = { name: string; start: number; value: number; end: number; heap: number }

/** JSON, and the paths of what was left out of an object in it: `spec.values`. */
export type Light = { text: Buffer; lacks: readonly string[] }

/** Without these an object is none. */
const needed: ReadonlySet<string> = new Set([
  ...['apiVersion', 'kind', 'metadata', 'metadata.name', 'metadata.namespace', 'metadata.uid'],
  ...['metadata.resourceVersion', 'metadata.creationTimestamp', 'metadata.deletionTimestamp'],
])
/** Beyond so many members of an object, one that is too heavy loses the rest. */
const mostMembers = 256
/** How deep a member may be to be left out alone: `spec.values`, but of `spec.values.a` all values. */
const mostDepth = 2

/**
 * A watch event, or a list of one object, that holds no more than `most` bytes of heap can take: the heaviest members of the object are left out,
 * which are such that nobody can read all of it. What is light, or no such JSON, is given back as it is.
 */
export function lighten(text: Buffer, most = mostHeap): Light {
  const whole = { text, lacks: [] }
  if (text.length <= lightBytes || heapOf(text) <= most) return whole
  const member = membersOf(text, 0, '').members.find(({ name }) => name === 'object' || name === 'items')
  if (!member) return whole
  const from = text[member.value] === open.list ? skipSpace(text, member.value + 1) : member.value
  if (text[from] !== open.object) return whole
  const lacks: string[] = []
  const object = without(text, from, most, '', lacks)
  return { text: Buffer.concat([text.subarray(0, from), object, text.subarray(endOf(text, from))]), lacks }
}

function without(text: Buffer, from: number, most: number, path: string, lacks: string[]): Buffer {
  const { members, isCut } = membersOf(text, from, path)
  if (isCut) lacks.push(`${path}*`)
  const parts = new Map<Member, Buffer>()
  let heap = members.reduce((sum, one) => sum + one.heap, 0)
  for (const member of members.toSorted((a, b) => b.heap - a.heap)) {
    if (heap <= most) break
    const name = `${path}${member.name}`
    const others = heap - member.heap
    const isDeep = path.split('.').length >= mostDepth
    if (!isDeep && text[member.value] === open.object && (others < most || needed.has(name))) {
      const part = without(text, member.value, Math.max(most - others, 0), `${name}.`, lacks)
      parts.set(member, Buffer.concat([text.subarray(member.start, member.value), part]))
      heap = others + heapOf(part)
    } else if (!needed.has(name)) {
      parts.set(member, Buffer.alloc(0))
      lacks.push(name)
      heap = others
    }
  }
  const kept = members.map((member) => parts.get(member) ?? text.subarray(member.start, member.end))
  const written = kept.filter(({ length }) => length > 0).flatMap((part, at) => (at === 0 ? [part] : [comma, part]))
  return Buffer.concat([Buffer.from('{'), ...written, Buffer.from('}')])
}

const comma = Buffer.from(',')
const open = { object: 0x7b, list: 0x5b }
const close = { object: 0x7d, list: 0x5d }

/** Of the object that begins there. `isCut`: it has more, which are none of those needed. */
function membersOf(text: Buffer, from: number, path: string): { members: Member[]; isCut: boolean } {
  const members: Member[] = []
  let isCut = false
  for (let at = skipSpace(text, from + 1); at < text.length && text[at] === quote; ) {
    const colon = endOf(text, at)
    const name = text.toString('utf8', at + 1, colon - 1)
    const value = skipSpace(text, skipSpace(text, colon) + 1)
    const end = endOf(text, value)
    if (members.length < mostMembers || needed.has(path + name))
      members.push({ name, start: at, value, end, heap: heapOf(text, at, end) + memberHeap })
    else isCut = true
    at = skipSpace(text, skipSpace(text, end) + 1)
  }
  return { members, isCut }
}

const memberHeap = 16

const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

function skipSpace(text: Buffer, from: number): number {
  let at = from
  while (isSpace(text[at])) at += 1
  return at
}

/** Where the value that begins there is over. */
function endOf(text: Buffer, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at += 1) {
    const byte = text[at]
    if (byte === quote) {
      at = endOfString(text, at)
      if (depth === 0) return at + 1
    } else if (byte === open.object || byte === open.list) depth += 1
    else if (byte === close.object || byte === close.list) {
      if (depth === 0) return at
      depth -= 1
      if (depth === 0) return at + 1
    } else if (depth === 0 && byte === 0x2c) return at
  }
  return text.length
}
