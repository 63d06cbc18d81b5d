// docs/recipes.md as data, and what each product documents of the requests that it takes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { parseAllDocuments } from 'yaml'
import type { EventSink, EventSubscription } from '../../src/api/generated.ts'
import { blocksOf } from './markdown.ts'

export type Recipe = {
  title: string
  sink: EventSink
  subscription: EventSubscription
  /** Data of the Secrets that the sink refers to, by their names. */
  secrets: Readonly<Record<string, Record<string, string>>>
  product: Product
}

/** What a product answers to what it takes, and what it says of what it does not: `check` throws. */
export type Product = { answer: number; check(body: unknown, headers: IncomingHttpHeaders): void }

type Fields = Record<string, unknown>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function object(value: unknown, what: string): Fields {
  assert.ok(isFields(value), `${what} is an object`)
  return value
}

function list(value: unknown, what: string, max: number): unknown[] {
  assert.ok(Array.isArray(value) && value.length > 0 && value.length <= max, `${what} is a list of 1 to ${max}`)
  return value
}

function text(value: unknown, what: string, max: number, min = 1): string {
  assert.ok(
    typeof value === 'string' && value.length >= min && value.length <= max,
    `${what} is a text of ${min} to ${max}`,
  )
  return value
}

function url(value: unknown, what: string): void {
  assert.match(text(value, what, 2048), /^https?:\/\//)
}

/** docs.slack.dev: messaging/sending-messages-using-incoming-webhooks, reference/block-kit, messaging/formatting-message-text. */
export const slack: Product = {
  answer: 200,
  check(body) {
    const { text: fallback, blocks } = object(body, 'the message')
    text(fallback, 'text', 40_000)
    const escaped = (value: unknown) => {
      const { type, text: shown } = object(value, 'a text object')
      assert.equal(type, 'mrkdwn')
      // What is left once links and entities are gone holds no control character.
      const rest = text(shown, 'text of a block', 3000)
        .replace(/<https?:[^<>|\s]+\|[^<>&]+>/g, '')
        .replace(/&(amp|lt|gt);/g, '')
      assert.doesNotMatch(rest, /[&<>]/)
    }
    for (const block of list(blocks, 'blocks', 50)) {
      const { type, text: shown, elements } = object(block, 'a block')
      if (type === 'section') escaped(shown)
      else if (type === 'context') for (const element of list(elements, 'elements', 10)) escaped(element)
      else assert.fail(`a block of type ${type}`)
    }
  },
}

/** learn.microsoft.com: "Create an Incoming Webhook", cards over Workflows; adaptivecards.io/explorer, version 1.4. */
const teams: Product = {
  answer: 202,
  check(body) {
    assert.ok(JSON.stringify(body).length <= 28 * 1024)
    const { type, attachments } = object(body, 'the message')
    assert.equal(type, 'message')
    for (const one of list(attachments, 'attachments', 10)) {
      const { contentType, contentUrl, content } = object(one, 'an attachment')
      assert.equal(contentType, 'application/vnd.microsoft.card.adaptive')
      assert.equal(contentUrl, null)
      const card = object(content, 'the card')
      assert.deepEqual([card.type, card.version], ['AdaptiveCard', '1.4'])
      for (const element of list(card.body, 'body', 50)) checkElement(object(element, 'an element'))
      for (const action of list(card.actions, 'actions', 6)) {
        const { type: kind, title, url: target } = object(action, 'an action')
        assert.equal(kind, 'Action.OpenUrl')
        text(title, 'title', 100)
        url(target, 'url')
      }
    }
  },
}

function checkElement({ type, text: shown, facts, color }: Fields): void {
  if (type === 'TextBlock') {
    text(shown, 'text', 28_000, 0)
    assert.ok(color === undefined || ['Good', 'Attention'].includes(String(color)))
  } else if (type === 'FactSet') {
    for (const fact of list(facts, 'facts', 50)) {
      text(object(fact, 'a fact').title, 'title', 100)
      text(object(fact, 'a fact').value, 'value', 1000, 0)
    }
  } else assert.fail(`an element of type ${type}`)
}

/** docs.github.com/en/rest/repos/repos#create-a-repository-dispatch-event */
const github: Product = {
  answer: 204,
  check(body, headers) {
    assert.equal(headers.accept, 'application/vnd.github+json')
    assert.match(headers['x-github-api-version']?.toString() ?? '', /^\d{4}-\d\d-\d\d$/)
    assert.match(headers.authorization ?? '', /^Bearer \S+$/)
    assert.ok(headers['user-agent'])
    const { event_type: type, client_payload: payload, ...more } = object(body, 'the dispatch')
    text(type, 'event_type', 100)
    assert.ok(Object.keys(object(payload, 'client_payload')).length <= 10)
    assert.ok(JSON.stringify(payload).length < 65_536)
    assert.deepEqual(more, {})
  },
}

/** developer.pagerduty.com/docs/events-api-v2-overview, "Send an alert event" */
const pagerduty: Product = {
  answer: 202,
  check(body) {
    const event = object(body, 'the event')
    assert.match(text(event.routing_key, 'routing_key', 32, 32), /^[0-9a-zA-Z]+$/)
    assert.ok(['trigger', 'resolve'].includes(String(event.event_action)))
    text(event.dedup_key, 'dedup_key', 255)
    text(event.client, 'client', 255)
    url(event.client_url, 'client_url')
    const payload = object(event.payload, 'payload')
    text(payload.summary, 'summary', 1024)
    text(payload.source, 'source', 1024)
    assert.ok(['critical', 'error', 'warning', 'info'].includes(String(payload.severity)))
    assert.match(text(payload.timestamp, 'timestamp', 40), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
    object(payload.custom_details, 'custom_details')
  },
}

/** konflux-ci/notification-service: what it publishes of a PipelineRun that succeeded. */
const notifications: Product = {
  answer: 200,
  check(body) {
    const names = list(body, 'the message', 1000).map((entry) => {
      const { name, value, ...more } = object(entry, 'an entry')
      assert.deepEqual(more, {})
      assert.ok(value !== undefined)
      return text(name, 'name', 1000)
    })
    assert.deepEqual(names.slice(0, 3), ['PIPELINERUN_NAME', 'NAMESPACE', 'APPLICATION'])
  },
}

const products: Readonly<Record<string, Product>> = {
  Slack: slack,
  'Microsoft Teams': teams,
  'GitHub: repository_dispatch': github,
  PagerDuty: pagerduty,
  "The array of Konflux's notification-service": notifications,
}

/** Every recipe of the page. */
export function recipes(): Recipe[] {
  const page = readFileSync(new URL('../../docs/recipes.md', import.meta.url), 'utf8')
  return page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const title = section.slice(0, section.indexOf('\n'))
      const product = products[title]
      assert.ok(product, `nothing is known of what ${title} takes`)
      const [block] = blocksOf(section)
      const documents = parseAllDocuments(block?.code ?? '').map((document) => document.toJS())
      const secrets = documents
        .filter(({ kind }) => kind === 'Secret')
        .map(({ metadata, stringData }) => [metadata.name, stringData])
      return {
        title,
        product,
        secrets: Object.fromEntries(secrets),
        sink: documents.find(({ kind }) => kind === 'EventSink'),
        subscription: documents.find(({ kind }) => kind === 'EventSubscription'),
      }
    })
}
