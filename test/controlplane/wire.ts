import type { Dispatcher } from 'undici'

/** A whole answer: parsed where it is JSON, else as text. */
export async function decode({
  headers,
  body,
}: Pick<Dispatcher.ResponseData<unknown>, 'headers' | 'body'>): Promise<unknown> {
  const text = await body.text()
  return String(headers['content-type']).includes('json') ? JSON.parse(text) : text
}

/** The lines of a body, each as soon as it is whole. */
export async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

/** A watch is asked of a collection; for one object it is narrowed to its name. */
export function watchUrl(base: string, path: string): URL {
  const url = new URL(path, base)
  const [, collection, name] =
    /^(\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)(?:\/namespaces\/[^/]+)?\/[^/]+)\/([^/]+)$/.exec(url.pathname) ?? []
  if (collection && name) {
    url.pathname = collection
    url.searchParams.set('fieldSelector', `metadata.name=${name}`)
  }
  url.searchParams.set('watch', 'true')
  return url
}
