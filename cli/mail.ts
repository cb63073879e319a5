// How notices leave, opened: by SMTP where it is set, else as files of the outbox.
import { join } from 'node:path'
import type { Outbox } from '../jobs/outbox.ts'
import type { Config } from './config.ts'
import { openOutbox } from './outboxFiles.ts'
import { openSmtpOutbox } from './smtpOutbox.ts'

export type Mail = Readonly<{ outbox: Outbox; from?: string; close: () => Promise<void> }>

export const openMail = async ({ dataDir, mail }: Pick<Config, 'dataDir' | 'mail'>): Promise<Mail> => {
  if (mail === undefined)
    return { outbox: await openOutbox(join(dataDir, 'outbox')), close: async () => undefined }
  const outbox = await openSmtpOutbox(join(dataDir, 'mail'), mail)
  return { outbox, from: mail.from, close: outbox.close }
}
