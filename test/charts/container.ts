import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

// $1 is the image's root, $2 the folder of the node to run. What a base image would have (libraries, /proc, two devices) is lent by
// this machine. All of it is read-only but the folder for data. The command's user has one id, 65532, and no rights over the mounts.
const script = `
set -e
image=$1 node=$2; shift 2
mount -t tmpfs -o size=8m tmpfs "$image/mnt"
cd "$image/mnt"
mkdir -p node app local usr lib lib64 bin proc dev var/lib/carillon
for folder in usr lib lib64 bin proc; do if [ -d /$folder ]; then mount --rbind /$folder $folder; fi; done
for device in null urandom; do : > dev/$device; mount --bind /dev/$device dev/$device; done
mount --bind "$node" node
mount --bind "$image/app" app
mount --bind "$image/usr/local/bin" local
mount -t tmpfs -o size=8m,mode=0777 tmpfs var/lib/carillon
for folder in node app local; do mount -o remount,bind,ro $folder; done
mount -o remount,ro .
exec unshare --user --map-user=65532 --map-group=65532 --root="$image/mnt" --wd=/ "$@"
`

/** Whether this machine lets a user without rights make namespaces, which `runContained` needs. */
export const canContain = (): boolean =>
  spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true']).status === 0

/** Runs a command in the image's root as a container would: uid 65532, read-only root, a small volume for data, no HOME. */
export function runContained(root: string, command: string[], env: Record<string, string> = {}) {
  mkdirSync(`${root}/mnt`, { recursive: true })
  const args = [
    '--user',
    '--map-root-user',
    '--mount',
    'sh',
    '-c',
    script,
    'sh',
    root,
    dirname(process.execPath),
    ...command,
  ]
  return spawnSync('unshare', args, {
    encoding: 'utf8',
    env: { PATH: '/local:/node:/usr/bin:/bin:/usr/sbin:/sbin', ...env },
    timeout: 60_000,
  })
}
