import { type Refusal, refuse } from '../api/verdict.ts'

/**
 * Behind these ports stand protocols that an HTTP request can be smuggled into, and the inner parts of a cluster, never a webhook: what browsers
 * call bad ports (WHATWG Fetch, §2.9) as far as servers have them, databases, and those of Kubernetes.
 */
const refused: readonly (readonly [from: number, to?: number])[] = [
  [0],
  [7, 79], // echo, ftp, ssh, telnet, smtp, dns, tftp, finger, …
  [87],
  [95],
  [101, 123], // hostname, pop3, rpcbind, auth, ntp, …
  [135, 143], // epmap, netbios, imap
  [161, 162], // snmp
  [179], // bgp
  [389], // ldap
  [427],
  [445], // smb
  [465], // smtps
  [512, 515], // rexec, rlogin, rsh, lpd
  [526],
  [530, 532],
  [540],
  [548],
  [554],
  [556],
  [563],
  [587], // submission
  [601],
  [623], // ipmi
  [636], // ldaps
  [873], // rsync
  [989, 995], // ftps, telnets, imaps, pop3s
  [1433, 1434], // SQL Server
  [1521],
  [1719, 1723], // h323, pptp
  [2049], // nfs
  [2181], // ZooKeeper
  [2375, 2376], // Docker
  [2379, 2381], // etcd
  [3306],
  [3389],
  [3659],
  [4045],
  [4190],
  [5060, 5061],
  [5432],
  [5900, 5901],
  [5985, 5986], // WinRM
  [6000],
  [6379],
  [6443], // kube-apiserver
  [6566],
  [6665, 6669],
  [6679],
  [6697],
  [7000, 7001], // Cassandra
  [9042],
  [9099], // Calico
  [10080],
  [10248, 10259], // kubelet, kube-proxy, scheduler, controller-manager
  [11211],
  [27017, 27019], // MongoDB
]

/** Why a port is refused; undefined where it is not. */
export function portRefusal(port: number, allowed: readonly number[]): Refusal | undefined {
  if (allowed.includes(port) || !refused.some(([from, to = from]) => port >= from && port <= to)) return undefined
  return refuse(
    'PortRefused',
    `Connections to port ${port} are refused by the egress policy (it is another protocol's); an admin can allow it with --allow-port.`,
  )
}
