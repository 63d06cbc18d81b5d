export const demoNamespace = 'carillon-demo'

/** Of docs/examples/quickstart.yaml. */
export const subscriptionName = 'quickstart'

/** The address in docs/examples/quickstart.yaml. */
export const quickstartPort = 18080
