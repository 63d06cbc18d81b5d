// Generated from crds/*.yaml by `npm run generate`. Do not edit.

import type { ObjectMeta } from './object.ts'

/** How to reach EventSinks in the API. */
export const eventSinkResource = {
  group: 'carillon.dev',
  version: 'v1alpha1',
  apiVersion: 'carillon.dev/v1alpha1',
  kind: 'EventSink',
  plural: 'eventsinks',
} as const

/** How to reach EventSubscriptions in the API. */
export const eventSubscriptionResource = {
  group: 'carillon.dev',
  version: 'v1alpha1',
  apiVersion: 'carillon.dev/v1alpha1',
  kind: 'EventSubscription',
  plural: 'eventsubscriptions',
} as const

/**
 * An EventSink says where events go, and how to get in there. Subscriptions of its namespace refer to it by
 * name, those of other namespaces where allowedNamespaces lets them.
 */
export type EventSink = {
  apiVersion: 'carillon.dev/v1alpha1'
  kind: 'EventSink'
  metadata: ObjectMeta
  spec: EventSinkSpec
  status?: EventSinkStatus
}

export type EventSinkSpec = {
  /** Delivery by HTTP POST, by the CloudEvents HTTP binding. */
  http: SinkHttp
  /**
   * How a delivery that failed is tried again: with growing pauses, each drawn at random up to its bound. Left
   * out, maxAge is 72h, initialDelay 1s and maxDelay 1h, or what fits what is given; the administrator may have
   * set other defaults.
   */
  retry?: SinkRetry
  /**
   * How much the sink is given at a time. Left out, concurrency is 8, maxEventBytes 65536, maxPending 100000 and
   * maxPendingBytes 268435456 (256 MiB); there is no limit of events a second. The administrator may have set
   * other defaults.
   */
  limits?: SinkLimits
  /**
   * What becomes of deliveries that are given up. They are kept in the operator's database, to be listed and
   * sent again. Left out, retention is 168h and max 10000, unless the administrator has set other defaults.
   */
  deadLetters?: {
    /** How long a dead letter is kept. From 0s to 8760h. */
    retention?: string
    /** How many dead letters are kept; with one more, the oldest goes. */
    max?: number
    /**
     * Another EventSink of this namespace, to which each dead letter is sent as well, with the headers
     * Carillon-Dead-Letter-Sink and Carillon-Dead-Letter-Reason. What that one refuses is not parked again.
     */
    sinkRef?: {
      /** Name of the EventSink. */
      name: string
    }
  }
  /** Of which namespaces subscriptions may refer to this sink. Left out, only of its own. */
  allowedNamespaces?: {
    /** Same for its own namespace, All for every one, Selector for those whose labels match. Default: Same. */
    from?: 'Same' | 'All' | 'Selector'
    /** Labels of the namespaces. */
    selector?: {
      /** Labels with their values; all must hold. */
      matchLabels?: Record<string, string>
      /** Requirements on labels; all must hold. */
      matchExpressions?: ({
        /** The label's name. */
        key: string
        /** How the label is compared with values. */
        operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
        /** What the label is compared with. */
        values?: string[]
      })[]
    }
  }
  /**
   * Lets subscriptions of other namespaces send a body of their own making here. Else they may send CloudEvents
   * only. Default: false.
   */
  allowBody?: boolean
  /** Holds all deliveries to this sink. They wait, and go once it is false again. Default: false. */
  suspend?: boolean
}

export type SinkHttp = {
  /**
   * Where events are posted, absolute, with http or https. Whoever may read this sink sees it in clear, so
   * secrets belong into auth or headers. Addresses that are loopback, link-local or private are refused when
   * connecting, unless the administrator allows them.
   */
  url?: string
  /**
   * A Service of the sink's namespace instead of url. Requests go to those of its ready Pods that are of this
   * namespace, though their addresses are private; a Service without a selector, or of type ExternalName, is
   * refused.
   */
  serviceRef?: {
    /** Name of the Service. */
    name: string
    /** A port of the Service, by number. Left out, the Service's only port, or 80 for http and 443 for https. */
    port?: number
    /** The path and query of requests. Default: /. */
    path?: string
    /** http or https. Default: http. */
    scheme?: 'http' | 'https'
  }
  /**
   * Asks the sink first whether it wants events from here: a request OPTIONS as CloudEvents' HTTP 1.1 Web Hooks
   * for Event Delivery has it. Nothing is sent before it has agreed. Left out, it is not asked.
   */
  validation?: {
    /**
     * Who asks: a DNS name, sent as WebHook-Request-Origin. The sink agrees with this name, or *, in
     * WebHook-Allowed-Origin.
     */
    origin: string
    /**
     * Requests a minute that are asked for, sent as WebHook-Request-Rate. What the sink grants in
     * WebHook-Allowed-Rate is kept to. Left out, no rate is asked for.
     */
    requestRate?: number
  }
  /**
   * How an event becomes a request: binary puts its attributes into ce- headers and its data into the body,
   * structured puts all of it into a JSON body of type application/cloudevents+json, batch puts several events
   * of a subscription into one JSON array of type application/cloudevents-batch+json. Default: binary.
   */
  mode?: 'binary' | 'structured' | 'batch'
  /**
   * How many events a request of mode batch holds. It goes as soon as it is full, or as its first event has
   * waited for maxDelay. Its body is 256 KiB at most, but for one larger event, which goes alone.
   */
  batch?: {
    /** The most events in one request. Default: 100. */
    maxEvents?: number
    /** How long an event waits for others to go with it, at most. From 0s to 1m. Default: 1s. */
    maxDelay?: string
  }
  /** Headers added to every request. Those that HTTP, CloudEvents, Carillon or auth set can't be named here. */
  headers?: SinkHeader[]
  /** How the request proves who it is. At most one way; left out, none. */
  auth?: SinkAuth
  /**
   * A Secret in the sink's namespace with certificates in PEM. ca.crt is trusted instead of the usual
   * authorities; tls.crt and tls.key are what the sink is shown. It must carry the label
   * carillon.dev/credential: "true".
   */
  certSecretRef?: {
    /** Name of the Secret. */
    name: string
  }
  /**
   * A ConfigMap in the sink's namespace with certificates in PEM that are trusted instead of the usual
   * authorities, as trust-manager makes them; together with those of certSecretRef.
   */
  caConfigMapRef?: {
    /** Name of the ConfigMap. */
    name: string
    /** Key of the ConfigMap. Default: ca.crt. */
    key?: string
  }
  /**
   * Signs every request by Standard Webhooks (headers webhook-id, webhook-timestamp and webhook-signature), so
   * that the receiver knows that it comes from here.
   */
  signing?: {
    /**
     * A Secret in the sink's namespace, with the key whsec and, while keys are changed, whsec-previous; each
     * whsec_ and 24 to 64 random bytes in base64. It must carry the label carillon.dev/credential: "true".
     */
    secretRef: {
      /** Name of the Secret. */
      name: string
    }
  }
  /**
   * How long a whole attempt may take, from connecting to the last byte of the answer. From 100ms to 5m. Left
   * out, 15s, unless the administrator has set another default.
   */
  timeout?: string
}

export type SinkHeader = {
  /** The header's name; upper and lower case are the same. */
  name: string
  /** The value, in clear. */
  value?: string
  /** Where the value comes from. */
  valueFrom?: {
    /**
     * A key of a Secret in the sink's namespace. The Secret must carry the label carillon.dev/credential: "true".
     */
    secretKeyRef: SecretKeyRef
  }
}

export type SecretKeyRef = {
  /** Name of the Secret. */
  name: string
  /** Key within the Secret's data. */
  key: string
}

export type SinkAuth = {
  /** Sends Authorization: Bearer with a token. */
  bearer?: {
    /**
     * A Secret in the sink's namespace, with the key token. It must carry the label carillon.dev/credential:
     * "true".
     */
    secretRef: {
      /** Name of the Secret. */
      name: string
    }
  }
  /** Sends Authorization: Basic with a user name and a password. */
  basic?: {
    /**
     * A Secret in the sink's namespace, with the keys username and password. It must carry the label
     * carillon.dev/credential: "true".
     */
    secretRef: {
      /** Name of the Secret. */
      name: string
    }
  }
  /** A bearer token by OAuth 2.0 client credentials (RFC 6749, section 4.4), asked for again before it ends. */
  oauth2?: {
    /**
     * Where tokens are asked for, with https. Addresses are refused as those of url are. Its certificate has to be
     * signed by a public authority, or by one of certSecretRef and caConfigMapRef.
     */
    tokenURL: string
    /** What the token is to be good for. */
    scopes?: string[]
    /** For whom the token is, where the server asks for it. */
    audience?: string
    /**
     * A Secret in the sink's namespace, with the keys client-id and client-secret. It must carry the label
     * carillon.dev/credential: "true".
     */
    secretRef: {
      /** Name of the Secret. */
      name: string
    }
  }
  /**
   * A token of a ServiceAccount in the sink's namespace, of an hour at most. The account must carry the
   * annotation carillon.dev/audience with that audience, and the administrator must have allowed it
   * (rbac.serviceAccountTokens).
   */
  serviceAccount?: {
    /** Name of the ServiceAccount. */
    name: string
    /** For whom the token is, as the sink checks it; never an audience of the API server. */
    audience: string
  }
}

export type SinkRetry = {
  /**
   * How long a delivery is tried, from its first attempt on, or, without one, from when its sink was found
   * missing; then it becomes a dead letter. Time in which the sink is suspended does not count. From 1s to 720h.
   */
  maxAge?: string
  /** Bound of the first pause; each further one is twice as long. From 10ms to 1h. */
  initialDelay?: string
  /** Bound that the pauses grow up to. From 10ms to 24h. */
  maxDelay?: string
}

export type SinkLimits = {
  /** Requests that are under way at the same time. Events of one object always go one after the other. */
  concurrency?: number
  /** Attempts a second, each event of a batch being one. Left out, there is no limit. */
  eventsPerSecond?: number
  /**
   * The largest event that is sent, in bytes. A larger one is sent as a summary where its format has one; else
   * it becomes a dead letter.
   */
  maxEventBytes?: number
  /**
   * Deliveries that may wait for this sink. At this number no more are written down for it; once some are gone,
   * what can still be read from the objects is taken up, and the rest is counted as dropped. Where subscriptions
   * of several namespaces use the sink, each namespace has an equal part of this, whatever the others have
   * waiting, and may have more while all have less than this together; so all may come near twice as many.
   */
  maxPending?: number
  /** Bytes of events that may wait for this sink. At this number it goes as with maxPending. */
  maxPendingBytes?: number
}

export type EventSinkStatus = {
  /** The metadata.generation that this status speaks of; -1 before the operator has seen the sink. */
  observedGeneration?: number
  /** The value of the annotation reconcile.fluxcd.io/requestedAt that was last answered. */
  lastHandledReconcileAt?: string
  /** The value of the annotation reconcile.fluxcd.io/forceAt that was last answered. */
  lastHandledForceAt?: string
  /** Which install wrote this status, by the namespace and name of its Lease. */
  servedBy?: string
  /**
   * Ready: the sink is understood and all that it refers to is there. Delivering: events get through. Present
   * only while they are true: Reconciling, Stalled, Overflow (more waits than may, or the operator's disk takes
   * nothing).
   */
  conditions?: Condition[]
  /** What became of the deliveries to this sink since it was made. They only grow. */
  counts?: SinkCounts
  /** Dead letters that are kept. */
  deadLetters?: number
  /** Deliveries that wait. */
  pending?: number
  /** Since when the oldest of them has waited. */
  oldestPending?: string
  /** The latest delivery that the sink took. */
  lastDelivered?: SinkLastDelivered
  /** The latest attempt that failed. */
  lastFailure?: SinkLastFailure
}

export type Condition = {
  /** What the condition speaks of. */
  type: string
  /** Whether it holds. */
  status: 'True' | 'False' | 'Unknown'
  /** The metadata.generation that the condition speaks of. */
  observedGeneration?: number
  /** When status last changed. */
  lastTransitionTime: string
  /** Why, as one word for programs. */
  reason: string
  /** Why, for people. */
  message: string
}

export type SinkCounts = {
  /** Deliveries that the sink took. */
  delivered?: number
  /** Attempts that failed and were followed by another. */
  retried?: number
  /** Deliveries that were given up and kept as dead letters. */
  deadLettered?: number
  /** Deliveries that were dropped and not kept. */
  dropped?: number
}

export type SinkLastDelivered = {
  /** When the sink took it. */
  time: string
  /** The event's id. */
  id?: string
  /** The event's type. */
  type?: string
  /** The event's subject. */
  subject?: string
  /** The subscription that it was made for, as namespace/name. */
  subscription?: string
  /** What the sink answered. */
  httpStatus?: number
  /** How many attempts it took. */
  attempts?: number
  /** How long the last attempt took, in milliseconds. */
  durationMs?: number
}

export type SinkLastFailure = {
  /** When it failed. */
  time: string
  /** The event's id. */
  id?: string
  /** The event's type. */
  type?: string
  /** The subscription that it was made for, as namespace/name. */
  subscription?: string
  /** Why, as one word for programs. */
  reason?: string
  /** Why, for people. Never holds what the sink answered, nor a secret. */
  message?: string
  /** How many attempts were made so far. */
  attempts?: number
  /** When it is tried again; left out when it is not. */
  nextAttempt?: string
}

/** An EventSubscription says which events of which objects go, in which format, to which sinks. */
export type EventSubscription = {
  apiVersion: 'carillon.dev/v1alpha1'
  kind: 'EventSubscription'
  metadata: ObjectMeta
  spec: EventSubscriptionSpec
  status?: EventSubscriptionStatus
}

export type EventSubscriptionSpec = {
  /**
   * The EventSinks that get the events. One that is not there yet is waited for. Left out, it is the one that
   * the administrator has made the default for this namespace.
   */
  sinks?: SinkRef[]
  /**
   * What events look like. cloudevents is Carillon's own; cdevents follows the CDEvents specification; tektonv1
   * is what Tekton itself sends, and tektonv2 the same with v1 objects. With several, each milestone gives an
   * event of each.
   */
  formats?: ('cloudevents' | 'cdevents' | 'tektonv1' | 'tektonv2')[]
  /** Options of the format cdevents. */
  cdevents?: {
    /** The version of the CDEvents specification. Default: 0.4.1. */
    specVersion?: '0.4.1' | '0.5.1'
    /**
     * What an event must satisfy to be sent. schema is the specification's own; sdk-go is what its Go SDK, and so
     * Flux's Receiver, asks for besides, as a package URL in every artifactId. Default: schema.
     */
    profile?: 'schema' | 'sdk-go'
    /**
     * The outcome that a reason of a condition stands for, where it is to be another than the one documented, as
     * in TaskRunTimeout: failure.
     */
    outcomes?: Record<string, 'success' | 'failure' | 'cancel' | 'error'>
  }
  /** Options of the formats tektonv1 and tektonv2. */
  tekton?: {
    /**
     * once sends running once for each attempt, as Tekton does since v1.12; eachChange sends it again each time
     * that the condition changes, as Tekton did before: running stands for the milestone changed, too. Default:
     * once.
     */
    mode?: 'once' | 'eachChange'
    /**
     * The events' source. canonical is the object's path in the API, as in
     * /apis/tekton.dev/v1/namespaces/team-a/taskruns/build; classic is what Tekton itself sends,
     * /apis///namespaces/team-a//build. Default: canonical.
     */
    source?: 'canonical' | 'classic'
  }
  /** Options for what Flux does. */
  flux?: {
    /**
     * What becomes of it as CDEvents. service tells of deployed, upgraded, rolled back and removed services and of
     * incidents; rfc follows the first table of Flux's RFC for a CDEvents provider. Default: service.
     */
    profile?: 'service' | 'rfc'
  }
  /**
   * Which events go, any of these. Left out, the default milestones of every kind that the formats know
   * (docs/events).
   */
  events?: EventSelection[]
  /**
   * Labels of the namespaces whose objects are meant; empty means all. Only for subscriptions in a namespace
   * that the administrator has named; elsewhere it is always the subscription's own namespace.
   */
  namespaceSelector?: LabelSelector
  /**
   * A CEL expression that tells whether an event goes. It sees object, as the API server has it, and milestone
   * with name, kind, time, outcome and reason. One that does not compile makes the subscription Stalled; one
   * that fails at run time is no match, is counted, and shows in the condition FilterErrors.
   */
  filter?: string
  /** What an event carries. */
  data?: {
    /**
     * summary is the object's small documented part, full is the whole object, none leaves the data out as far as
     * the format allows. Default: summary.
     */
    content?: 'summary' | 'full' | 'none'
    /** Parts of the object that a summary holds besides, each as a JSON Pointer such as /status/results. */
    include?: string[]
    /**
     * Parts of the object that no event holds, whatever its content, each as a JSON Pointer such as /spec/params.
     */
    redact?: string[]
  }
  /**
   * CloudEvents extension attributes added to every event. Names are 1 to 20 lower case letters and digits, and
   * not those that CloudEvents and Carillon set themselves.
   */
  extensions?: Record<string, string>
  /**
   * A CEL expression whose value, as JSON, is what the sinks are sent: a plain webhook's own shape, without
   * CloudEvents headers, with the event's id as webhook-id. It sees milestone, object and event. One that does
   * not compile makes the subscription Stalled; where it fails at run time the event is not sent, is counted as
   * invalid, and shows in the condition FormatErrors.
   */
  body?: string
  /**
   * CDEvents that authors of Tasks and Pipelines declare by annotation, and that may pass. None do where this is
   * left out.
   */
  userEvents?: {
    /** Types that may pass, without their version, as in dev.cdevents.artifact.published. */
    types: string[]
    /** Whether nothing but these goes, without the milestones' own events. Default: false. */
    only?: boolean
  }
  /**
   * Whether only objects go that ask for it: whose annotation carillon.dev/subscriptions names this
   * subscription, as in builds,release-notes, or platform/builds for one of another namespace. Default: false.
   */
  onRequest?: boolean
  /**
   * Tells of silence, where something should have happened: nothing has matched since the last match, or since
   * the subscription became active.
   */
  expect?: {
    /**
     * Where nothing has matched for so long, the condition Silent is True; at least a minute, at most 90 days, as
     * in 24h.
     */
    within: string
    /** Whether the sinks are told of it, too, once for each silence, in the format cloudevents. Default: false. */
    event?: boolean
  }
  /**
   * Which milestones count when a sink, kind or milestone becomes part of the subscription: Now takes those from
   * then on, Earliest all that can be read from the objects that there are, a time (RFC 3339) those from then
   * on. Default: Now.
   */
  startFrom?: string
  /**
   * Stops matching. What is pending still goes; once it is false again, matching starts at that moment. Default:
   * false.
   */
  suspend?: boolean
}

export type SinkRef = {
  /** Name of the EventSink. */
  name: string
  /**
   * The EventSink's namespace, where it is another than the subscription's. The sink must let that in by
   * allowedNamespaces; one that does not, and one that is missing, read the same.
   */
  namespace?: string
  /**
   * Credentials of the subscription's own, sent instead of the sink's: a Secret in the subscription's namespace
   * with the key token, or username and password. It must carry the label carillon.dev/credential: "true".
   */
  secretRef?: {
    /** Name of the Secret. */
    name: string
  }
}

export type EventSelection = {
  /** The kind of object, as in PipelineRun. Of those without milestones of their own, group is given, too. */
  kind: string
  /**
   * The API group of the kind, empty for the core group. Left out, every group in which Carillon knows the kind.
   * The version is whichever the cluster serves.
   */
  group?: string
  /**
   * Which moments of its life (docs/events). Left out, the kind's default ones, or where there is a define, none
   * but those; with tekton.mode eachChange running, too, for the formats tektonv1 and tektonv2.
   */
  milestones?: string[]
  /** Milestones of this subscription's own, for any kind, in CEL. */
  define?: ({
    /** Its name, also in the type of its events. */
    name: string
    /**
     * A CEL expression on object that tells whether the milestone holds, as in object.status.conditions.exists(c,
     * c.type == 'Ready' && c.status == 'True').
     */
    when: string
    /**
     * A CEL expression on object whose value tells one time that it holds from another, as in
     * object.status.revision: while it holds, it is told anew with each new value. Left out, it is told each time
     * that it comes to hold.
     */
    key?: string
  })[]
  /** Labels that the object must have. Left out or empty, all do. */
  selector?: LabelSelector
}

export type LabelSelector = {
  /** Labels with their values; all must hold. */
  matchLabels?: Record<string, string>
  /** Requirements on labels; all must hold. */
  matchExpressions?: ({
    /** The label's name. */
    key: string
    /** How the label is compared with values. */
    operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
    /** What the label is compared with. */
    values?: string[]
  })[]
}

export type EventSubscriptionStatus = {
  /** The metadata.generation that this status speaks of; -1 before the operator has seen the subscription. */
  observedGeneration?: number
  /** The value of the annotation reconcile.fluxcd.io/requestedAt that was last answered. */
  lastHandledReconcileAt?: string
  /** The value of the annotation reconcile.fluxcd.io/forceAt that was last answered. */
  lastHandledForceAt?: string
  /** Which install wrote this status, by the namespace and name of its Lease. */
  servedBy?: string
  /**
   * Ready: the subscription is understood and all that it refers to is there. Delivering: events get through to
   * all sinks. Continuity: nothing may have been missed of late. Present only while they are true: Reconciling,
   * Stalled, FilterErrors (the filter failed at run time), FormatErrors (an event was not sent, as it would not
   * have been valid), DuplicateSender (somebody else sends the same events), Overflow (more waits than may, or
   * the operator's disk takes nothing).
   */
  conditions?: Condition[]
  /** What became of what was matched since the subscription was made. All but pending only grow. */
  counts?: SubscriptionCounts
  /** The milestone that was matched last. */
  lastMatched?: SubscriptionLastMatched
  /** The latest delivery that a sink took. */
  lastDelivered?: SubscriptionLastDelivered
  /** The latest attempt that failed. */
  lastFailure?: SubscriptionLastFailure
  /** The same for each sink. */
  sinks?: SubscriptionSinkStatus[]
}

export type SubscriptionCounts = {
  /** Milestones that were asked for and passed the filter. */
  matched?: number
  /** Milestones that were asked for and did not pass the filter. */
  filtered?: number
  /** Deliveries that the sinks took. */
  delivered?: number
  /** Attempts that failed and were followed by another. */
  retried?: number
  /** Deliveries that were given up and kept as dead letters. */
  deadLettered?: number
  /** Deliveries that were dropped and not kept. */
  dropped?: number
  /** Events that were not sent, as they would not have been valid. */
  invalid?: number
  /** Deliveries that wait. */
  pending?: number
}

export type SubscriptionLastMatched = {
  /** When it was matched. */
  time: string
  /** The object's kind. */
  kind?: string
  /** The object's namespace. */
  namespace?: string
  /** The object's name. */
  name?: string
  /** The milestone's name. */
  milestone?: string
}

export type SubscriptionLastDelivered = {
  /** When the sink took it. */
  time: string
  /** The event's id. */
  id?: string
  /** The event's type. */
  type?: string
  /** The event's subject. */
  subject?: string
  /** The sink, as namespace/name. */
  sink?: string
  /** What the sink answered. */
  httpStatus?: number
  /** How many attempts it took. */
  attempts?: number
  /** How long the last attempt took, in milliseconds. */
  durationMs?: number
}

export type SubscriptionLastFailure = {
  /** When it failed. */
  time: string
  /** The event's id. */
  id?: string
  /** The event's type. */
  type?: string
  /** The sink, as namespace/name. */
  sink?: string
  /** Why, as one word for programs. */
  reason?: string
  /** Why, for people. Never holds what the sink answered, nor a secret. */
  message?: string
  /** How many attempts were made so far. */
  attempts?: number
  /** When it is tried again; left out when it is not. */
  nextAttempt?: string
}

export type SubscriptionSinkStatus = {
  /** The sink's namespace. */
  namespace: string
  /** The sink's name. */
  name: string
  /** Whether events get through; left out before the first attempt. */
  delivering?: boolean
  /** Deliveries that wait. */
  pending?: number
  /** Since when the oldest of them has waited. */
  oldestPending?: string
  /** The latest delivery that this sink took. */
  lastDelivered?: {
    /** When the sink took it. */
    time: string
    /** The event's id. */
    id?: string
    /** The event's type. */
    type?: string
    /** The event's subject. */
    subject?: string
    /** What the sink answered. */
    httpStatus?: number
    /** How many attempts it took. */
    attempts?: number
    /** How long the last attempt took, in milliseconds. */
    durationMs?: number
  }
  /** The latest attempt that failed. */
  lastFailure?: {
    /** When it failed. */
    time: string
    /** The event's id. */
    id?: string
    /** The event's type. */
    type?: string
    /** Why, as one word for programs. */
    reason?: string
    /** Why, for people. Never holds what the sink answered, nor a secret. */
    message?: string
    /** How many attempts were made so far. */
    attempts?: number
    /** When it is tried again; left out when it is not. */
    nextAttempt?: string
  }
  /** From when on milestones count for this sink; set once, when the sink became part of the subscription. */
  since?: string
  /**
   * All writes to objects up to then are settled at this sink. Where the operator has lost its disk, it takes up
   * from here.
   */
  checkpoint?: string
}
