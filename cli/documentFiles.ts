// Texts of documents as files, each named by its SHA-256.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Documents } from '../commands/documents.ts'
import { clearAbandoned, makePrivateDirectory, readIfPresent, replaceDurable } from '../hsm/durable.ts'

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/**
 * Opens the texts of a directory, and keeps the conditions of use there. A text that is no longer what its name says is not
 * given out.
 */
export const openDocuments = async (directory: string, cguText: string): Promise<Documents> => {
  await makePrivateDirectory(directory)
  await clearAbandoned(directory)
  const pathOf = (sha256: string): string => join(directory, sha256)
  const get: Documents['get'] = async (sha256) => {
    const bytes = await readIfPresent(pathOf(sha256))
    return bytes !== undefined && digestOf(bytes) === sha256 ? bytes : undefined
  }
  const put: Documents['put'] = async (bytes) => {
    const sha256 = digestOf(bytes)
    if ((await get(sha256)) === undefined) await replaceDurable(pathOf(sha256), bytes)
    return sha256
  }
  await put(Buffer.from(cguText, 'utf8'))
  return { get, put }
}
