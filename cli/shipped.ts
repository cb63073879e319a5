// What lies beside the program: its policy, its conditions of use, and which release it is.
import { readFileSync } from 'node:fs'
import { ConfigFault } from './configFault.ts'

const root = new URL('..', import.meta.url)
/** Beside the sources in a checkout, one folder further up from the built files. */
export const shipped = (path: string): URL => {
  for (const base of [root, new URL('../', root)]) {
    const url = new URL(path, base)
    try {
      readFileSync(url)
      return url
    } catch {
      // The other place has it.
    }
  }
  throw new ConfigFault(`${path} is missing from this installation`)
}

/** The release of this installation, as package.json has it. @throws ConfigFault */
export const readRelease = (): string =>
  (JSON.parse(readFileSync(shipped('package.json'), 'utf8')) as { version: string }).version
