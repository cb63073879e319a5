// Letters of a process that shares its jobs with nobody: a file each, so that a command beside it can read and remove them.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { clearAbandoned, makePrivateDirectory, readIfPresent, replaceDurable } from '../hsm/durable.ts'
import type { Letter, LetterStore } from '../jobs/letters.ts'

const suffix = '.json'

const nameOf = ({ job, item }: Pick<Letter, 'job' | 'item'>): string =>
  `${job}~${encodeURIComponent(item)}${suffix}`

/** Opens a directory, and clears away what a crash left half written. */
export const openLetterFiles = async (directory: string): Promise<LetterStore> => {
  await makePrivateDirectory(directory)
  await clearAbandoned(directory)
  return {
    all: async () => {
      const names = (await readdir(directory)).filter((name) => name.endsWith(suffix)).sort()
      const found = await Promise.all(names.map((name) => readIfPresent(join(directory, name))))
      return found.flatMap((bytes) => (bytes === undefined ? [] : [JSON.parse(bytes.toString()) as Letter]))
    },
    put: (letter) => replaceDurable(join(directory, nameOf(letter)), Buffer.from(JSON.stringify(letter))),
    remove: (about) => rm(join(directory, nameOf(about)), { force: true }),
    close: async () => undefined,
  }
}
