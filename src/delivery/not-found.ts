const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))

/** Whether a sink and a subscription, by `namespace/name`, are of different namespaces. */
export const isAbroad = (sink: string, subscription: string): boolean => namespaceOf(sink) !== namespaceOf(subscription)

/** Of a sink of another namespace: the same words for one that is missing and one that does not let the namespace in. */
export const notFound = (sink: string, namespace: string): string =>
  `EventSink ${sink} was not found, or does not let namespace ${namespace} in (allowedNamespaces)`

/** The same for whoever it concerns. */
export const notFoundFor = (sink: string, subscription: string): string =>
  isAbroad(sink, subscription) ? notFound(sink, namespaceOf(subscription)) : `EventSink ${sink} is not there`
