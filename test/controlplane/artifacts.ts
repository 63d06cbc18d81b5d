// A stand-in for Flux's source-controller: archives made of texts, served over HTTP on loopback, and sources that point at them.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { KubeObject } from '../../src/api/object.ts'
import type { AdminClient } from './admin.ts'

/** Path in the archive → text. */
export type Files = Record<string, string>

export type SourceKind = 'HelmChart' | 'GitRepository' | 'OCIRepository' | 'Bucket'

export type Artifacts = AsyncDisposable & {
  /**
   * Puts an archive of the files behind a source, as the source's own controller would once it has fetched: `status.artifact`, Ready. The
   * source is made where there is none. `revision` as that kind writes it (`1.2.3`, `main@sha1:…`).
   */
  publish(kind: SourceKind, namespace: string, name: string, revision: string, files: Files): Promise<KubeObject>
}

const apiVersion = 'source.toolkit.fluxcd.io/v1'

/** What the schemas demand; nobody fetches anything from there. */
const specs: Record<SourceKind, object> = {
  HelmChart: { chart: 'chart', interval: '1h', sourceRef: { kind: 'HelmRepository', name: 'charts' } },
  GitRepository: { url: 'https://git.example.com/repository', interval: '1h' },
  OCIRepository: { url: 'oci://registry.example.com/repository', interval: '1h' },
  Bucket: { bucketName: 'bucket', endpoint: 'bucket.example.com', interval: '1h' },
}

export async function startArtifacts(admin: AdminClient): Promise<Artifacts> {
  const archives = new Map<string, Buffer>()
  const server = createServer((request, response) => {
    const archive = archives.get(request.url ?? '')
    if (archive) response.writeHead(200, { 'content-type': 'application/gzip' }).end(archive)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    async publish(kind, namespace, name, revision, files) {
      const archive = archiveOf(files)
      const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`
      const path = `/${kind.toLowerCase()}/${namespace}/${name}/${digest.slice(7, 19)}.tar.gz`
      archives.set(path, archive)
      const [source] = await admin.apply({ apiVersion, kind, metadata: { name, namespace }, spec: specs[kind] })
      const lastUpdateTime = `${new Date().toISOString().slice(0, 19)}Z`
      const url = `http://127.0.0.1:${port}${path}`
      return admin.patchStatus(apiVersion, kind, namespace, name, {
        observedGeneration: source?.metadata.generation,
        artifact: { url, path: path.slice(1), digest, revision, size: archive.length, lastUpdateTime },
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: kind === 'HelmChart' ? 'ChartPullSucceeded' : 'Succeeded',
            message: `stored artifact for revision '${revision}'`,
            lastTransitionTime: lastUpdateTime,
            observedGeneration: source?.metadata.generation,
          },
        ],
      })
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A .tar.gz; the same bytes for the same files. */
export function archiveOf(files: Files): Buffer {
  const entries = Object.entries(files).flatMap(([path, text]) => {
    const content = Buffer.from(text)
    return [header(path, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)]
  })
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]))
}

/** A file's header as POSIX ustar lays it out (pax(1), "ustar Interchange Format"). */
function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(512)
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`
  const fields: [offset: number, text: string][] = [
    [0, path],
    [100, octal(0o644, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(size, 12)],
    [136, octal(0, 12)],
    [148, ' '.repeat(8)],
    [156, '0'],
    [257, 'ustar\x0000'],
  ]
  for (const [offset, text] of fields) block.write(text, offset, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}
