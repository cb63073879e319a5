// Where a process may run beside ours: among our process numbers, or among numbers of its own, as a container does; on our disk, or on one
// that is soon full.
import { spawnSync } from 'node:child_process'

const apart = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] as const
const isPermitted = spawnSync(apart[0], [...apart.slice(1), 'true']).status === 0

/** For `it.each`: a title, what the command line begins with, and why the test cannot run here, if it cannot. */
export const namespaces: readonly (readonly [string, readonly string[], string | undefined])[] = [
  ['in the same PID namespace', [], undefined],
  ['in another PID namespace', apart, isPermitted ? undefined : 'unshare is not permitted here'],
]

const alone = ['unshare', '--map-root-user', '--mount', 'sh', '-c'] as const
const mount = (what: string): string => `mount -t tmpfs -o size=32m tmpfs "$0" && ${what}`

/** What the command line begins with, for a process that has a disk of 32 megabytes at a directory, on which a ledger of its first facts has room, and nobody else sees it. */
export const onSmallDisk = (directory: string): readonly string[] => [...alone, mount('exec "$@"'), directory]
/** Why that cannot be had here, if it cannot. */
export const noSmallDisk =
  spawnSync(alone[0], [...alone.slice(1), mount('true'), '/mnt']).status === 0
    ? undefined
    : 'a file system of its own is not permitted here'
