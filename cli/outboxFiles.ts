// The outbox as files: one RFC 5322 message each, readable by the owner alone. Whoever sends them takes them from here; a name
// that ends otherwise than in `.eml` is unfinished.
import { join } from 'node:path'
import { clearAbandoned, createDurable, makePrivateDirectory } from '../hsm/durable.ts'
import type { Outbox } from '../jobs/outbox.ts'

/** Opens the outbox of a directory, and clears away what a crash left half written. */
export const openOutbox = async (directory: string): Promise<Outbox> => {
  await makePrivateDirectory(directory)
  await clearAbandoned(directory)
  return {
    ready: async () => undefined,
    recorded: async () => undefined,
    put: async ({ name, bytes }) => {
      try {
        await createDurable(join(directory, `${name}.eml`), bytes)
      } catch (error) {
        // It is there: written before a crash, under the same name.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      return 'taken'
    },
  }
}
