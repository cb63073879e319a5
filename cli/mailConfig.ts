// How notices leave: by an SMTP server, or as files of the outbox where none is set.
import { contact } from '../domain/noticeText.ts'
import { ConfigFault } from './configFault.ts'

export type MailConfig = Readonly<{
  /** `smtp://…` or `smtps://…`, with user and password where the server wants them. */
  smtpUrl: string
  /** The address that messages come from, and that bounces go to. */
  from: string
}>

const mailbox = /^[!#-'*+\-./0-9=?A-Z^-~]+@[A-Za-z0-9.-]+$/

/** @throws ConfigFault; it never quotes the URL, which may hold a password */
export const mailFrom = (
  plain: (name: string) => string | undefined,
  secret: (name: string) => string | undefined,
): MailConfig | undefined => {
  const smtpUrl = secret('SMTP_URL')
  const from = plain('MAIL_FROM') ?? contact
  if (!mailbox.test(from)) throw new ConfigFault(`MAIL_FROM: ${from} is not an address`)
  if (smtpUrl === undefined) return undefined
  if (!URL.canParse(smtpUrl) || !/^smtps?:$/.test(new URL(smtpUrl).protocol))
    throw new ConfigFault('SMTP_URL: neither smtp://host:port nor smtps://host:port')
  return { smtpUrl, from }
}
