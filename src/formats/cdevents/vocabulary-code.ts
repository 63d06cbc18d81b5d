import {
  address,
  type Fields,
  filled,
  hint,
  may,
  must,
  type Rule,
  reference,
  rowsOf,
  sinceFour,
  text,
  uri,
} from './rules.ts'

const repository = may(reference, 'the repository that it is in')
const ofRepository = { repository }
const viewUrl = { rule: uri, means: 'page of the repository', old: { rule: text } }
const place = address('where to clone it from')
const aboutRepository = {
  name: may(text, 'name of the repository'),
  owner: may(text, 'whose repository it is'),
  uri: place,
  viewUrl,
}

/** Source code control. A change is what GitHub calls a pull request, GitLab a merge request. */
export const sourceCode = {
  ...rowsOf(
    'repository',
    { subjectType: 'repository' },
    {
      created: {
        means: 'a repository was made',
        content: {
          ...aboutRepository,
          name: must(filled, 'name of the repository'),
          uri: { ...place, required: true, old: { name: 'url', rule: filled } },
        },
      },
      modified: { means: 'a repository was changed in itself: its name, owner, place', content: aboutRepository },
      deleted: { means: 'a repository was deleted', content: aboutRepository },
    },
  ),
  ...rowsOf(
    'branch',
    { subjectType: 'branch' },
    {
      created: { means: 'a branch was made', content: ofRepository },
      deleted: { means: 'a branch was deleted', content: ofRepository },
    },
  ),
  ...rowsOf(
    'change',
    { subjectType: 'change' },
    {
      created: {
        means: 'a change was proposed',
        content: { description: may(filled, 'what it is about'), repository },
        versions: ['0.3.0', '0.4.0'],
      },
      reviewed: { means: 'a change was reviewed', content: ofRepository },
      merged: { means: 'a change was merged', content: ofRepository },
      abandoned: { means: 'a change was given up', content: ofRepository },
      updated: { means: 'a change was updated', content: ofRepository },
    },
  ),
}

const texts: Rule = { is: 'texts' }
const ticketPlace = must({ is: 'text', filled: true, format: 'uri-reference' }, 'page of the ticket')
const aboutTicket: Fields = {
  summary: may(text, 'what it is about'),
  ticketType: may(hint('bug', 'enhancement', 'incident', 'task', 'question'), 'what sort of ticket it is'),
  group: may(text, 'what it is grouped under'),
  creator: may(filled, 'who made it'),
  assignees: may(texts, 'who work on it'),
  priority: may(hint('low', 'medium', 'high'), 'how urgent it is'),
  labels: may(texts, 'its labels'),
  milestone: may(text, 'what it is planned for'),
  uri: ticketPlace,
}
const updatedBy = may(text, 'who did it')

/** Tickets, since 0.4. Their `uri` was called so from the beginning. */
export const tickets = rowsOf(
  'ticket',
  { subjectType: 'ticket' },
  {
    created: {
      means: 'a ticket was made',
      content: {
        ...aboutTicket,
        summary: must(text, 'what it is about'),
        creator: must(filled, 'who made it'),
      },
      versions: sinceFour,
    },
    updated: { means: 'a ticket was changed', content: { ...aboutTicket, updatedBy }, versions: sinceFour },
    closed: {
      means: 'a ticket was closed',
      content: {
        ...aboutTicket,
        resolution: must(
          { is: 'text', filled: true, known: ['completed', 'withdrawn', 'duplicate'] },
          'how it was resolved',
        ),
        updatedBy,
      },
      versions: sinceFour,
    },
  },
)
