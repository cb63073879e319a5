// Where a process may run beside ours: among our process numbers, or among numbers of its own, as a container does.
import { spawnSync } from 'node:child_process'

const apart = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] as const
const isPermitted = spawnSync(apart[0], [...apart.slice(1), 'true']).status === 0
if (!isPermitted) process.stderr.write('unshare is not permitted here: no test in another PID namespace\n')

/** For `it.each`: a title, and what the command line begins with. */
export const namespaces: readonly (readonly [string, readonly string[]])[] = [
  ['in the same PID namespace', []],
  ...(isPermitted ? [['in another PID namespace', apart] as const] : []),
]
