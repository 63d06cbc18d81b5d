import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** PEM, as node:tls takes them. */
export type Identity = { cert: string; key: string }

export type CertificateOptions = {
  name: string
  hosts?: string[]
  ca?: boolean
  from?: Date
  to?: Date
  curve?: string
  /** Bits of an RSA key, in the place of one on a curve; needs an issuer. */
  rsa?: number
}

/** X.509 certificates (RFC 5280) with EC keys, P-256 unless told otherwise, made of plain DER: enough of it for tests, and no tool is needed. */
export function certificate(options: CertificateOptions, issuer?: Identity & { name: string }): Identity {
  const { publicKey, privateKey } =
    options.rsa === undefined
      ? generateKeyPairSync('ec', { namedCurve: options.curve ?? 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: options.rsa })
  const day = 86_400_000
  const { name, hosts = [], ca = false, from = new Date(Date.now() - day), to = new Date(Date.now() + day) } = options
  const body = sequence(
    tagged(0, integer(2)),
    integer(Math.floor(Math.random() * 2 ** 31)),
    ecdsaWithSha256,
    distinguished(issuer?.name ?? name),
    sequence(time(from), time(to)),
    distinguished(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(basicConstraints(ca), ...(hosts.length > 0 ? [alternativeNames(hosts)] : []))),
  )
  const signer: KeyObject = issuer ? createPrivateKey(issuer.key) : privateKey
  const whole = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, signer)))
  return { cert: pem('CERTIFICATE', whole), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}
const sequence = (...parts: Buffer[]) => der(0x30, ...parts)
const tagged = (n: number, part: Buffer) => der(0xa0 + n, part)
const bits = (content: Buffer) => der(0x03, Buffer.from([0]), content)
const octets = (content: Buffer) => der(0x04, content)
const oid = (...bytes: number[]) => der(0x06, Buffer.from(bytes))
const yes = der(0x01, Buffer.from([0xff]))
const time = (date: Date) =>
  der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`, 'latin1'))

function integer(value: number): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return der(0x02, (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))
const distinguished = (name: string) =>
  sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(name)))))
const basicConstraints = (ca: boolean) => sequence(oid(0x55, 0x1d, 0x13), yes, octets(sequence(...(ca ? [yes] : []))))
const alternativeNames = (hosts: string[]) =>
  sequence(oid(0x55, 0x1d, 0x11), octets(sequence(...hosts.map((host) => der(0x82, Buffer.from(host))))))

const pem = (label: string, content: Buffer): string =>
  `-----BEGIN ${label}-----\n${content.toString('base64').replace(/.{64}(?!$)/g, '$&\n')}\n-----END ${label}-----\n`
