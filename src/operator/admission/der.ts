/** The little of DER (ITU-T X.690) that certificates are made of: each gives one element, its tag and length included. */
export const der = {
  sequence: (...parts: Buffer[]) => element(0x30, ...parts),
  set: (...parts: Buffer[]) => element(0x31, ...parts),
  /** A number that is not negative, or one of many bytes. */
  integer(value: number | Buffer): Buffer {
    const bytes = typeof value === 'number' ? Buffer.from([value]) : value
    // A first bit of 1 would make it negative.
    return (bytes[0] ?? 0) > 0x7f ? element(0x02, Buffer.from([0]), bytes) : element(0x02, bytes)
  },
  true: () => element(0x01, Buffer.from([0xff])),
  oid: (dotted: string) => element(0x06, oidBytes(dotted)),
  utf8: (text: string) => element(0x0c, Buffer.from(text)),
  octets: (bytes: Buffer) => element(0x04, bytes),
  bits: (bytes: Buffer, unused = 0) => element(0x03, Buffer.from([unused]), bytes),
  /** ms since the epoch, to the second: UTCTime up to 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
  time(ms: number): Buffer {
    const digits = new Date(ms)
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
      .replace(/[-:T]/g, '')
    return digits < '2050' ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits))
  },
  /** [number], of a primitive or of parts. */
  tagged: (number: number, bytes: Buffer, constructed = false) =>
    element(0x80 + number + (constructed ? 0x20 : 0), bytes),
}

function element(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content])
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 0xff])
}

function oidBytes(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return Buffer.from([40 * first + second, ...rest.flatMap(base128)])
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}
