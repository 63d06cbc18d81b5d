import { address, may, must, type Rule, reference, rowsOf, text } from './rules.ts'

const name = may(text, 'name of the environment')
const uri = address('page of the environment')

const environment = must(reference, 'where it runs')
const artifact: Rule = { is: 'text', filled: true, purl: true }
const running = { environment, artifactId: must(artifact, 'what runs now') }
const maybeThere = { environment: { ...may(reference, 'where it runs or ran'), wanted: true as const } }

const incident = {
  description: may(text, 'what is wrong'),
  environment: must(reference, 'where it happened'),
  service: may(reference, 'the service that it happened to'),
  artifactId: may(artifact, 'the artifact that is thought to be the cause'),
}

/** Continuous deployment and operations: environments, the services in them, and what goes wrong with these. */
export const deployment = {
  ...rowsOf(
    'environment',
    { subjectType: 'environment' },
    {
      created: { means: 'an environment was made', content: { name, uri } },
      modified: { means: 'an environment was changed', content: { name, uri } },
      deleted: { means: 'an environment was deleted', content: { name } },
    },
  ),
  ...rowsOf(
    'service',
    { subjectType: 'service' },
    {
      deployed: { means: 'a service runs for the first time in an environment', content: running },
      upgraded: { means: 'a service runs in a newer version', content: running },
      rolledback: { means: 'a service runs in an earlier version again', content: running },
      removed: { means: 'a service runs there no more', content: maybeThere },
      published: { means: 'a service can be reached by its users', content: maybeThere },
    },
  ),
  ...rowsOf(
    'incident',
    { subjectType: 'incident' },
    {
      detected: { means: 'something was found to be wrong', content: incident },
      reported: {
        means: 'a ticket was made of an incident',
        content: { ...incident, ticketURI: must({ is: 'text', filled: true, format: 'uri' }, 'page of the ticket') },
      },
      resolved: { means: 'what was wrong is right again', content: incident },
    },
  ),
}
