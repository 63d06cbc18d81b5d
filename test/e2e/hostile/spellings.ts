/** The ways in which an IPv4 address can be written where a host stands: each is that address to the URL standard, or is none at all. */
export function spellings(address: string): [name: string, host: string][] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
  const whole = ((a * 256 + b) * 256 + c) * 256 + d
  const hex = (part: number, digits = 2) => part.toString(16).padStart(digits, '0')
  const octal = (part: number) => `0${part.toString(8)}`
  const wide = [...address].map((char) => (char === '.' ? '.' : String.fromCodePoint(0xff10 + Number(char)))).join('')
  const [high, low] = [hex(a * 256 + b, 4), hex(c * 256 + d, 4)]
  return [
    ['a number', String(whole)],
    ['a hexadecimal number', `0x${hex(whole, 8)}`],
    ['an upper-case hexadecimal number', `0X${hex(whole, 8).toUpperCase()}`],
    ['an octal number', octal(whole)],
    ['hexadecimal parts', [a, b, c, d].map((part) => `0x${hex(part)}`).join('.')],
    ['octal parts', [a, b, c, d].map(octal).join('.')],
    ['octal parts with many zeros', [a, b, c, d].map((part) => `000${octal(part)}`).join('.')],
    ['two parts', `${a}.${(b * 256 + c) * 256 + d}`],
    ['three parts', `${a}.${b}.${c * 256 + d}`],
    ['a dot at its end', `${address}.`],
    ['full-width digits', wide],
    ['ideographic full stops', address.replaceAll('.', '。')],
    ['percent-encoded', [...address].map((char) => `%${hex(char.charCodeAt(0))}`).join('')],
    ['mapped', `[::ffff:${address}]`],
    ['mapped, in hexadecimal', `[::ffff:${high}:${low}]`],
    ['mapped, in full', `[0:0:0:0:0:ffff:${high}:${low}]`],
    ['compatible', `[::${address}]`],
    ['translated', `[::ffff:0:${address}]`],
    ['behind NAT64', `[64:ff9b::${address}]`],
    ['behind a local NAT64', `[64:ff9b:1::${address}]`],
    ['in 6to4', `[2002:${high}:${low}::1]`],
    ['in Teredo', `[2001:0:${high}:${low}::1]`],
  ]
}
