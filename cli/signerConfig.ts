// Where the signer process listens, from the environment (SIGNER_SOCKET).
import { join, resolve } from 'node:path'
import { ConfigFault } from './configFault.ts'

/**
 * @param read a setting
 * @returns the socket of the signer process that this process asks; undefined where it holds the keys itself
 * @throws ConfigFault that names the setting
 */
export const signerFrom = (read: (name: string) => string | undefined): string | undefined => {
  const named = read('SIGNER_SOCKET')
  if (named === '') throw new ConfigFault('SIGNER_SOCKET: is empty')
  return named === undefined ? undefined : resolve(named)
}

/** Where the signer process of a data directory listens, where SIGNER_SOCKET does not say. */
export const signerSocketIn = (dataDir: string): string => join(dataDir, 'signer', 'custody.sock')
