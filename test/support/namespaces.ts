// Where a process may run beside ours: among our process numbers, or among numbers of its own, as a container does.
import { spawnSync } from 'node:child_process'

const apart = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] as const
const isPermitted = spawnSync(apart[0], [...apart.slice(1), 'true']).status === 0

/** For `it.each`: a title, what the command line begins with, and why the test cannot run here, if it cannot. */
export const namespaces: readonly (readonly [string, readonly string[], string | undefined])[] = [
  ['in the same PID namespace', [], undefined],
  ['in another PID namespace', apart, isPermitted ? undefined : 'unshare is not permitted here'],
]
