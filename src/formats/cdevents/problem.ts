/**
 * What a rule asks for. Of the schemas: `json` (is no JSON), `type` (of another JSON type), `required`, `unknown` (no such member), `empty`,
 * `one-of` (not one of the words), `uri`, `uri-reference`, `date-time`, `event-type` (no type that this library knows), `link` (no link).
 * Of the Go SDK: `sdk-go`. Of the specification's text: `spec-version`, `uuid`, `purl`, `base64`, `text`. Of the CloudEvents binding: `binding`.
 */
export type RuleName =
  | 'json'
  | 'type'
  | 'required'
  | 'unknown'
  | 'empty'
  | 'one-of'
  | 'uri'
  | 'uri-reference'
  | 'date-time'
  | 'event-type'
  | 'link'
  | 'sdk-go'
  | 'spec-version'
  | 'uuid'
  | 'purl'
  | 'base64'
  | 'text'
  | 'binding'

/**
 * What is wrong, and where: `path` is a JSON Pointer (RFC 6901) into the event, '' for the whole of it. `message` says what is asked for, as
 * the rest of a sentence that begins with the path; neither holds a value of the event, and names of members only as far as the
 * vocabulary has them or a pointer needs them.
 */
export type Problem = { path: string; rule: RuleName; message: string }

export const noJson: Problem = { path: '', rule: 'json', message: 'is no JSON' }

/** A step of a JSON Pointer. */
export const step = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`

/** `path: message` of each, for people. */
export const tell = (problems: readonly Problem[]): string =>
  problems.map(({ path, message }) => `${path || 'the event'} ${message}`).join('; ')
