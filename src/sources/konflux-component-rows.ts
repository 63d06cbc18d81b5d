import type { MilestoneKind } from './source.ts'

// One text for both groups: an event's type and its schema are the same.

const version = {
  type: 'string',
  about: 'the version of the Component, where it has versions (group konflux-ci.dev)',
} as const

export const onboarded: MilestoneKind = {
  name: 'onboarded',
  class: 'derived',
  default: true,
  key: 'onboarded/<configuration-time in ms>; of a version onboarded/<version>/<onboarding-time in ms>',
  time: 'pac.configuration-time of the annotation, or the version’s onboarding-time; else the last write of who wrote it',
  when: 'builds are set up: pac.state is enabled in the annotation build.appstudio.openshift.io/status, or status.versions has a version whose onboarding-status is succeeded; once for each time that they are',
  until: 'they are set up anew, or no more',
  details: { version },
}

export const onboardingFailed: MilestoneKind = {
  name: 'onboarding-failed',
  class: 'derived',
  default: true,
  key: 'onboarding-failed/<error-id>; of a version onboarding-failed/<version>/<first 8 hexadecimal digits of SHA-256 of the message>, where <version> is empty for what is wrong with all',
  time: 'the last write of who wrote it: the latest that it can have been',
  when: 'builds can’t be set up: pac.error-id is above 0 in the annotation build.appstudio.openshift.io/status, status.versions has a version whose onboarding-status is failed, or status.message is not empty; an error once, another one again',
  until: 'it is mended, or another error takes its place',
  reason: 'the error: error-<error-id>, where there is one',
  details: { version },
}

export const promoted: MilestoneKind = {
  name: 'promoted',
  class: 'derived',
  default: true,
  key: 'promoted/<digest of the image, else the image>',
  time: 'the last write of the status’s owner in metadata.managedFields: the latest that it can have been',
  when: 'status.lastPromotedImage is another: its Snapshot passed, and the next ones build on this image',
  until: 'another is promoted',
  details: {
    image: { type: 'string', about: 'the image', always: true },
    digest: { type: 'string', about: 'its digest, where it has one' },
  },
}

const ranks = { onboarded: 10, 'onboarding-failed': 10, promoted: 20 } as const

export const componentRank = (milestoneName: keyof typeof ranks): number => ranks[milestoneName]
