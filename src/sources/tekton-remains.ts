import type { KubeObject } from '../api/object.ts'
import { namesCredential } from './credential-names.ts'
import { konfluxAnnotations } from './konflux-labels.ts'
import { type Fields, fields, list, time } from './read.ts'
import { fitting, pick, remainsMetadata, some } from './remains-metadata.ts'
import { chainAnnotations, chainTextLimit } from './tekton-chain.ts'
import { succeeded } from './tekton-conditions.ts'

/** Most characters of JSON of all annotations that are kept. */
const annotationsLimit = 2048
/** A longer annotation is data rather than a mark; kubectl's copy of the whole object is one of them. */
const annotationLimit = 256
const namesLimit = 64
const attemptsLimit = 16

/**
 * What is kept of a run that is still going: who it is and whose, what it runs, since when, and the reason of its condition. None of the
 * values of its params, nothing that each step of its life rewrites (resourceVersion, message and time of the condition): the same text
 * for as long as nothing that matters has changed. At most some 20 kB, of a usual run 1 kB.
 */
export function remainsOf(object: KubeObject): KubeObject {
  const metadata = fields(object.metadata)
  const status = fields(object.status)
  const condition = succeeded(status)
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: remainsMetadata(metadata, annotationsOf(fields(metadata.annotations))),
    spec: specOf(fields(object.spec)),
    status: {
      ...timesOf(status),
      ...(condition && {
        conditions: [{ type: 'Succeeded', status: condition.status, reason: condition.reason ?? '' }],
      }),
      ...some('retriesStatus', list(status.retriesStatus).slice(0, attemptsLimit).map(fields).map(timesOf)),
    },
  }
}

/**
 * Those that say what the run belongs to, whatever else there is: its last event is to belong there as its first did. None that names a
 * credential: no event has it, and it is not for our disk.
 */
function annotationsOf(annotations: Fields): Record<string, string> {
  const first = [...chainAnnotations, ...konfluxAnnotations].flatMap((name) =>
    annotations[name] === undefined ? [] : [[name, annotations[name]] as const],
  )
  return {
    ...fitting(Object.fromEntries(first), annotationsLimit, chainTextLimit),
    ...fitting(annotations, annotationsLimit, annotationLimit, (name) => !namesCredential(name)),
  }
}

function specOf(spec: Fields): Record<string, unknown> {
  const refs = ['pipelineRef', 'taskRef', 'customRef', 'customSpec'].flatMap((name) =>
    spec[name] === undefined ? [] : [[name, pick(fields(spec[name]), ['apiVersion', 'kind', 'name', 'resolver'])]],
  )
  const params = list(spec.params).slice(0, namesLimit).map(fields)
  return {
    ...Object.fromEntries(refs),
    ...some(
      'params',
      params.map((param) => pick(param, ['name'])),
    ),
  }
}

/** Those times of a status, or of an attempt, that are some. */
const timesOf = (status: Fields): Record<string, unknown> =>
  Object.fromEntries(
    ['startTime', 'completionTime'].flatMap((name) => (time(status[name]) === undefined ? [] : [[name, status[name]]])),
  )
