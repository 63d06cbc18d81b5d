// Generated from the vocabulary by `npm run generate`. Do not edit.
/* biome-ignore-all format: a line for each event */

/** The subject of another event: its id, and the source of its events where that is another one. */
export type Reference = { id: string; source?: string }

/** The types of all events, by the version of the specification and the event's name. */
export type Types = {
  '0.4.1': {
    'pipelinerun.queued': 'dev.cdevents.pipelinerun.queued.0.2.0'
    'pipelinerun.started': 'dev.cdevents.pipelinerun.started.0.2.0'
    'pipelinerun.finished': 'dev.cdevents.pipelinerun.finished.0.2.0'
    'taskrun.started': 'dev.cdevents.taskrun.started.0.2.0'
    'taskrun.finished': 'dev.cdevents.taskrun.finished.0.2.0'
    'build.queued': 'dev.cdevents.build.queued.0.2.0'
    'build.started': 'dev.cdevents.build.started.0.2.0'
    'build.finished': 'dev.cdevents.build.finished.0.2.0'
    'artifact.packaged': 'dev.cdevents.artifact.packaged.0.2.0'
    'artifact.signed': 'dev.cdevents.artifact.signed.0.2.0'
    'artifact.published': 'dev.cdevents.artifact.published.0.2.0'
    'artifact.downloaded': 'dev.cdevents.artifact.downloaded.0.1.0'
    'artifact.deleted': 'dev.cdevents.artifact.deleted.0.1.0'
    'testcaserun.queued': 'dev.cdevents.testcaserun.queued.0.2.0'
    'testcaserun.started': 'dev.cdevents.testcaserun.started.0.2.0'
    'testcaserun.finished': 'dev.cdevents.testcaserun.finished.0.2.0'
    'testcaserun.skipped': 'dev.cdevents.testcaserun.skipped.0.1.0'
    'testsuiterun.queued': 'dev.cdevents.testsuiterun.queued.0.2.0'
    'testsuiterun.started': 'dev.cdevents.testsuiterun.started.0.2.0'
    'testsuiterun.finished': 'dev.cdevents.testsuiterun.finished.0.2.0'
    'testoutput.published': 'dev.cdevents.testoutput.published.0.2.0'
    'repository.created': 'dev.cdevents.repository.created.0.2.0'
    'repository.modified': 'dev.cdevents.repository.modified.0.2.0'
    'repository.deleted': 'dev.cdevents.repository.deleted.0.2.0'
    'branch.created': 'dev.cdevents.branch.created.0.2.0'
    'branch.deleted': 'dev.cdevents.branch.deleted.0.2.0'
    'change.created': 'dev.cdevents.change.created.0.3.0'
    'change.reviewed': 'dev.cdevents.change.reviewed.0.2.0'
    'change.merged': 'dev.cdevents.change.merged.0.2.0'
    'change.abandoned': 'dev.cdevents.change.abandoned.0.2.0'
    'change.updated': 'dev.cdevents.change.updated.0.2.0'
    'ticket.created': 'dev.cdevents.ticket.created.0.1.0'
    'ticket.updated': 'dev.cdevents.ticket.updated.0.1.0'
    'ticket.closed': 'dev.cdevents.ticket.closed.0.1.0'
    'environment.created': 'dev.cdevents.environment.created.0.2.0'
    'environment.modified': 'dev.cdevents.environment.modified.0.2.0'
    'environment.deleted': 'dev.cdevents.environment.deleted.0.2.0'
    'service.deployed': 'dev.cdevents.service.deployed.0.2.0'
    'service.upgraded': 'dev.cdevents.service.upgraded.0.2.0'
    'service.rolledback': 'dev.cdevents.service.rolledback.0.2.0'
    'service.removed': 'dev.cdevents.service.removed.0.2.0'
    'service.published': 'dev.cdevents.service.published.0.2.0'
    'incident.detected': 'dev.cdevents.incident.detected.0.2.0'
    'incident.reported': 'dev.cdevents.incident.reported.0.2.0'
    'incident.resolved': 'dev.cdevents.incident.resolved.0.2.0'
  }
  '0.5.1': {
    'pipelinerun.queued': 'dev.cdevents.pipelinerun.queued.0.3.0'
    'pipelinerun.started': 'dev.cdevents.pipelinerun.started.0.3.0'
    'pipelinerun.finished': 'dev.cdevents.pipelinerun.finished.0.3.0'
    'taskrun.started': 'dev.cdevents.taskrun.started.0.3.0'
    'taskrun.finished': 'dev.cdevents.taskrun.finished.0.3.0'
    'build.queued': 'dev.cdevents.build.queued.0.3.0'
    'build.started': 'dev.cdevents.build.started.0.3.0'
    'build.finished': 'dev.cdevents.build.finished.0.3.0'
    'artifact.packaged': 'dev.cdevents.artifact.packaged.0.3.0'
    'artifact.signed': 'dev.cdevents.artifact.signed.0.3.0'
    'artifact.published': 'dev.cdevents.artifact.published.0.3.0'
    'artifact.downloaded': 'dev.cdevents.artifact.downloaded.0.2.0'
    'artifact.deleted': 'dev.cdevents.artifact.deleted.0.2.0'
    'testcaserun.queued': 'dev.cdevents.testcaserun.queued.0.3.0'
    'testcaserun.started': 'dev.cdevents.testcaserun.started.0.3.0'
    'testcaserun.finished': 'dev.cdevents.testcaserun.finished.0.3.0'
    'testcaserun.skipped': 'dev.cdevents.testcaserun.skipped.0.2.0'
    'testsuiterun.queued': 'dev.cdevents.testsuiterun.queued.0.3.0'
    'testsuiterun.started': 'dev.cdevents.testsuiterun.started.0.3.0'
    'testsuiterun.finished': 'dev.cdevents.testsuiterun.finished.0.3.0'
    'testoutput.published': 'dev.cdevents.testoutput.published.0.3.0'
    'repository.created': 'dev.cdevents.repository.created.0.3.0'
    'repository.modified': 'dev.cdevents.repository.modified.0.3.0'
    'repository.deleted': 'dev.cdevents.repository.deleted.0.3.0'
    'branch.created': 'dev.cdevents.branch.created.0.3.0'
    'branch.deleted': 'dev.cdevents.branch.deleted.0.3.0'
    'change.created': 'dev.cdevents.change.created.0.4.0'
    'change.reviewed': 'dev.cdevents.change.reviewed.0.3.0'
    'change.merged': 'dev.cdevents.change.merged.0.3.0'
    'change.abandoned': 'dev.cdevents.change.abandoned.0.3.0'
    'change.updated': 'dev.cdevents.change.updated.0.3.0'
    'ticket.created': 'dev.cdevents.ticket.created.0.2.0'
    'ticket.updated': 'dev.cdevents.ticket.updated.0.2.0'
    'ticket.closed': 'dev.cdevents.ticket.closed.0.2.0'
    'environment.created': 'dev.cdevents.environment.created.0.3.0'
    'environment.modified': 'dev.cdevents.environment.modified.0.3.0'
    'environment.deleted': 'dev.cdevents.environment.deleted.0.3.0'
    'service.deployed': 'dev.cdevents.service.deployed.0.3.0'
    'service.upgraded': 'dev.cdevents.service.upgraded.0.3.0'
    'service.rolledback': 'dev.cdevents.service.rolledback.0.3.0'
    'service.removed': 'dev.cdevents.service.removed.0.3.0'
    'service.published': 'dev.cdevents.service.published.0.3.0'
    'incident.detected': 'dev.cdevents.incident.detected.0.3.0'
    'incident.reported': 'dev.cdevents.incident.reported.0.3.0'
    'incident.resolved': 'dev.cdevents.incident.resolved.0.3.0'
  }
}

/** `<subject>.<predicate>` of an event of the vocabulary. */
export type EventName = keyof Types['0.5.1']

/** `subject.content` of each event, in the neutral model, which is how 0.5.1 has it. */
export type Contents = {
  /** a pipeline run is to be started */
  'pipelinerun.queued': { pipelineName?: string; uri?: string }
  /** a pipeline run has started; both fields are required by the schemas only */
  'pipelinerun.started': { pipelineName: string; uri: string }
  /** a pipeline run has ended, one way or another */
  'pipelinerun.finished': { pipelineName?: string; uri?: string; outcome?: 'success' | 'failure' | 'cancel' | 'error'; errors?: string }
  /** a task run has started */
  'taskrun.started': { taskName?: string; uri?: string; pipelineRun?: Reference }
  /** a task run has ended, one way or another */
  'taskrun.finished': { taskName?: string; uri?: string; pipelineRun?: Reference; outcome?: 'success' | 'failure' | 'cancel' | 'error' | (string & {}); errors?: string }
  /** a build is to be started */
  'build.queued': Record<string, never>
  /** a build has started */
  'build.started': Record<string, never>
  /** a build has ended; it has no outcome */
  'build.finished': { artifactId?: string }
  /** an artifact was packaged, and can be had by its builder */
  'artifact.packaged': { change: Reference; sbom?: { uri: string } }
  /** an artifact was signed */
  'artifact.signed': { signature: string }
  /** an artifact was put where others can get it */
  'artifact.published': { sbom?: { uri: string }; user?: string }
  /** an artifact was taken from where it is kept */
  'artifact.downloaded': { user?: string }
  /** an artifact was removed from where it was kept */
  'artifact.deleted': { user?: string }
  /** a test case is to be run */
  'testcaserun.queued': { trigger?: { type?: 'manual' | 'pipeline' | 'event' | 'schedule' | 'other'; uri?: string } & Record<string, unknown>; environment: Reference; testSuiteRun?: Reference; testCase?: { id: string; version?: string; name?: string; type?: 'performance' | 'functional' | 'unit' | 'security' | 'compliance' | 'integration' | 'e2e' | 'other'; uri?: string } }
  /** the run of a test case has started */
  'testcaserun.started': { trigger?: { type?: 'manual' | 'pipeline' | 'event' | 'schedule' | 'other'; uri?: string } & Record<string, unknown>; environment: Reference; testSuiteRun?: Reference; testCase?: { id: string; version?: string; name?: string; type?: 'performance' | 'functional' | 'unit' | 'security' | 'compliance' | 'integration' | 'e2e' | 'other'; uri?: string } }
  /** the run of a test case has ended */
  'testcaserun.finished': { outcome: 'success' | 'failure' | 'cancel' | 'error'; severity?: 'low' | 'medium' | 'high' | 'critical'; reason?: string; environment: Reference; testSuiteRun?: Reference; testCase?: { id: string; version?: string; name?: string; type?: 'performance' | 'functional' | 'unit' | 'security' | 'compliance' | 'integration' | 'e2e' | 'other'; uri?: string } }
  /** a test case will not be run */
  'testcaserun.skipped': { reason?: string; environment?: Reference; testSuiteRun?: Reference; testCase?: { id: string; version?: string; name?: string; type?: 'performance' | 'functional' | 'unit' | 'security' | 'compliance' | 'integration' | 'e2e' | 'other'; uri?: string } }
  /** a test suite is to be run */
  'testsuiterun.queued': { trigger?: { type?: 'manual' | 'pipeline' | 'event' | 'schedule' | 'other'; uri?: string } & Record<string, unknown>; environment: Reference; testSuite?: { id: string; version?: string; name?: string; uri?: string } }
  /** the run of a test suite has started */
  'testsuiterun.started': { trigger?: { type?: 'manual' | 'pipeline' | 'event' | 'schedule' | 'other'; uri?: string } & Record<string, unknown>; environment: Reference; testSuite?: { id: string; version?: string; name?: string; uri?: string } }
  /** the run of a test suite has ended */
  'testsuiterun.finished': { environment: Reference; testSuite?: { id: string; version?: string; name?: string; uri?: string }; outcome: 'success' | 'failure' | 'cancel' | 'error'; severity?: 'low' | 'medium' | 'high' | 'critical'; reason?: string }
  /** what a test made can be had */
  'testoutput.published': { outputType: 'report' | 'video' | 'image' | 'log' | 'other'; format: string; uri?: string; testCaseRun?: Reference }
  /** a repository was made */
  'repository.created': { name: string; owner?: string; uri: string; viewUrl?: string }
  /** a repository was changed in itself: its name, owner, place */
  'repository.modified': { name?: string; owner?: string; uri?: string; viewUrl?: string }
  /** a repository was deleted */
  'repository.deleted': { name?: string; owner?: string; uri?: string; viewUrl?: string }
  /** a branch was made */
  'branch.created': { repository?: Reference }
  /** a branch was deleted */
  'branch.deleted': { repository?: Reference }
  /** a change was proposed */
  'change.created': { description?: string; repository?: Reference }
  /** a change was reviewed */
  'change.reviewed': { repository?: Reference }
  /** a change was merged */
  'change.merged': { repository?: Reference }
  /** a change was given up */
  'change.abandoned': { repository?: Reference }
  /** a change was updated */
  'change.updated': { repository?: Reference }
  /** a ticket was made */
  'ticket.created': { summary: string; ticketType?: 'bug' | 'enhancement' | 'incident' | 'task' | 'question' | (string & {}); group?: string; creator: string; assignees?: readonly string[]; priority?: 'low' | 'medium' | 'high' | (string & {}); labels?: readonly string[]; milestone?: string; uri: string }
  /** a ticket was changed */
  'ticket.updated': { summary?: string; ticketType?: 'bug' | 'enhancement' | 'incident' | 'task' | 'question' | (string & {}); group?: string; creator?: string; assignees?: readonly string[]; priority?: 'low' | 'medium' | 'high' | (string & {}); labels?: readonly string[]; milestone?: string; uri: string; updatedBy?: string }
  /** a ticket was closed */
  'ticket.closed': { summary?: string; ticketType?: 'bug' | 'enhancement' | 'incident' | 'task' | 'question' | (string & {}); group?: string; creator?: string; assignees?: readonly string[]; priority?: 'low' | 'medium' | 'high' | (string & {}); labels?: readonly string[]; milestone?: string; uri: string; resolution: 'completed' | 'withdrawn' | 'duplicate' | (string & {}); updatedBy?: string }
  /** an environment was made */
  'environment.created': { name?: string; uri?: string }
  /** an environment was changed */
  'environment.modified': { name?: string; uri?: string }
  /** an environment was deleted */
  'environment.deleted': { name?: string }
  /** a service runs for the first time in an environment */
  'service.deployed': { environment: Reference; artifactId: string }
  /** a service runs in a newer version */
  'service.upgraded': { environment: Reference; artifactId: string }
  /** a service runs in an earlier version again */
  'service.rolledback': { environment: Reference; artifactId: string }
  /** a service runs there no more */
  'service.removed': { environment?: Reference }
  /** a service can be reached by its users */
  'service.published': { environment?: Reference }
  /** something was found to be wrong */
  'incident.detected': { description?: string; environment: Reference; service?: Reference; artifactId?: string }
  /** a ticket was made of an incident */
  'incident.reported': { description?: string; environment: Reference; service?: Reference; artifactId?: string; ticketURI: string }
  /** what was wrong is right again */
  'incident.resolved': { description?: string; environment: Reference; service?: Reference; artifactId?: string }
}

/** `subject.content` of each event where 0.4.1 has it otherwise. */
type Older = {
  'pipelinerun.queued': { pipelineName?: string; url?: string }
  'pipelinerun.started': { pipelineName: string; url: string }
  'pipelinerun.finished': { pipelineName?: string; url?: string; outcome?: string; errors?: string }
  'taskrun.started': { taskName?: string; url?: string; pipelineRun?: Reference }
  'taskrun.finished': { taskName?: string; url?: string; pipelineRun?: Reference; outcome?: 'success' | 'failure' | 'cancel' | 'error' | (string & {}); errors?: string }
  'testcaserun.finished': { outcome: 'pass' | 'fail' | 'cancel' | 'error'; severity?: 'low' | 'medium' | 'high' | 'critical'; reason?: string; environment: Reference; testSuiteRun?: Reference; testCase?: { id: string; version?: string; name?: string; type?: 'performance' | 'functional' | 'unit' | 'security' | 'compliance' | 'integration' | 'e2e' | 'other'; uri?: string } }
  'testsuiterun.queued': { trigger?: { type?: 'manual' | 'pipeline' | 'event' | 'schedule' | 'other'; uri?: string } & Record<string, unknown>; environment: Reference; testSuite?: { id: string; version?: string; name?: string; url?: string } }
  'testsuiterun.finished': { environment: Reference; testSuite?: { id: string; version?: string; name?: string; uri?: string }; outcome: 'pass' | 'fail' | 'cancel' | 'error'; severity?: 'low' | 'medium' | 'high' | 'critical'; reason?: string }
  'repository.created': { name: string; owner?: string; url: string; viewUrl?: string }
  'repository.modified': { name?: string; owner?: string; url?: string; viewUrl?: string }
  'repository.deleted': { name?: string; owner?: string; url?: string; viewUrl?: string }
  'environment.created': { name?: string; url?: string }
  'environment.modified': { name?: string; url?: string }
}

/** `subject.content` of each event as 0.4.1 has it. */
export type Contents041 = Omit<Contents, keyof Older> & Older
