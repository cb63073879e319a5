// What strikes a signer process from within its module: said in a file that deviceError.js reads at each call.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * - `before`: CKR_DEVICE_ERROR, and nothing is done. - `after`: it is done, and the answer is CKR_DEVICE_ERROR all the same.
 * - `spoilt`: it is done, and a bit of what it answers is another.
 * - `loggedOut`, `closed`: the login, or the session, is gone when the call comes.
 * - `slow`: it takes half a second, or `ms`.
 * - `takenAway`: it is done, and the token's `folder` is moved to `away`.
 * - `orphaned`: it is done, and the process that asked for it is killed before it hears of it.
 * - `dies`: nothing is done, and the process of the module is killed.
 */
export type Strike = Readonly<{
  call: string
  how: 'before' | 'after' | 'spoilt' | 'loggedOut' | 'closed' | 'slow' | 'takenAway' | 'orphaned' | 'dies'
  /** Only calls with this mechanism; or with so many octets to sign. */
  mechanism?: number
  octets?: number
  ms?: number
  folder?: string
  away?: string
}>

export type Device = Readonly<{
  /** For whoever starts signer processes. */
  env: Readonly<{ GRAND_LIVRE_TEST_DEVICE: string; NODE_OPTIONS: string }>
  /** From now on so many calls are struck. */
  strike: (strike: Strike, left?: number) => Promise<void>
  /** How many strikes are left. */
  left: () => Promise<number>
}>

/** @param directory of the test's own */
export const openDevice = (directory: string): Device => {
  const file = join(directory, 'device')
  return {
    env: {
      GRAND_LIVRE_TEST_DEVICE: file,
      NODE_OPTIONS: `--import ${join(import.meta.dirname, 'deviceError.js')}`,
    },
    // Read by processes that run: there as a whole, or as it was.
    strike: async (strike, left = 1) => {
      await writeFile(`${file}.new`, JSON.stringify({ ...strike, left }))
      await rename(`${file}.new`, file)
    },
    left: async () => (JSON.parse(await readFile(file, 'utf8')) as { left: number }).left,
  }
}
