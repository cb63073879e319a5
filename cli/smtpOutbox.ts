// The outbox by SMTP. That a server has taken a message is noted in a file without content before anything else, so that a stop
// in the middle of a mailing sends nobody the same again; the ledger has it once the whole mailing is through.
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { clearAbandoned, createDurable, makePrivateDirectory } from '../hsm/durable.ts'
import type { Outbox } from '../jobs/outbox.ts'
import { openMailer } from '../jobs/smtp.ts'
import type { MailConfig } from './mailConfig.ts'

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Opens the notes in `directory`; the server is asked when something is to be sent. */
export const openSmtpOutbox = async (
  directory: string,
  { smtpUrl, from }: MailConfig,
): Promise<Outbox & Readonly<{ close: () => Promise<void> }>> => {
  await makePrivateDirectory(directory)
  await clearAbandoned(directory)
  const mailer = openMailer({ url: smtpUrl, from })
  return {
    ready: mailer.ready,
    put: async ({ name, to, bytes, turn }) => {
      const note = join(directory, `${name}.${turn}`)
      if (await exists(note)) return 'taken'
      const handed = await mailer.send(to, bytes)
      if (handed === 'taken') await createDurable(note, new Uint8Array())
      return handed
    },
    recorded: async (notice) => {
      for (const name of await readdir(directory))
        if (name.startsWith(`${notice}-`)) await rm(join(directory, name), { force: true })
    },
    close: mailer.close,
  }
}
