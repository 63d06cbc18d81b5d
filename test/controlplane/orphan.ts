// Starts a control plane, tells where and what it is, and does nothing more: controlplane.test.ts kills it.
import { startControlPlane } from './controlplane.ts'

const cp = await startControlPlane()
console.log(JSON.stringify({ directory: cp.directory, pids: [cp.apiserver.pid, cp.etcd.pid] }))
