import type { buildConnector } from './egress.ts'

type Connector = buildConnector.connector

/** Beyond so many of a namespace, in use or idle, none stays open with nothing to send. As many as may be in use without a quota of the administrator's. */
const mostOpen = 256

/**
 * How many connections are open, by namespace. Requests under way are bounded, but what they leave open would add up: a hundred sinks, each with hundreds of
 * connections that are idle for seconds.
 */
export class OpenConnections {
  private readonly open = new Map<string, number>()

  /** Whether a sink of the namespace that has nothing under way has to close its connections. */
  isCrowded(namespace: string): boolean {
    return (this.open.get(namespace) ?? 0) > mostOpen
  }

  /** Counts what is connected for a namespace until it is closed. */
  counted(namespace: string, connect: Connector): Connector {
    return (target, callback) =>
      connect(target, (...made) => {
        if (made[1]) {
          this.add(namespace, 1)
          made[1].once('close', () => this.add(namespace, -1))
        }
        callback(...made)
      })
  }

  private add(namespace: string, connections: number): void {
    const open = (this.open.get(namespace) ?? 0) + connections
    if (open > 0) this.open.set(namespace, open)
    else this.open.delete(namespace)
  }
}
