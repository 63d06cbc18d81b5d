/** ms since the epoch as Kubernetes writes times (metav1.Time): RFC 3339 in UTC, whole seconds, cut off and not rounded. */
export const kubeTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, -'.000Z'.length)}Z`
