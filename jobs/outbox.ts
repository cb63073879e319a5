// Where messages leave: a port, and what a message is (RFC 5322). Sending itself is the affair of whoever empties the outbox.
import MailComposer from 'nodemailer/lib/mail-composer'

export type Message = Readonly<{
  /** `<notice>-<place>`: one message bears it, however often it is made. */
  name: string
  to: string
  subject: string
  text: string
  date: string
}>

export type Outbox = Readonly<{
  /** Keeps a message durably. A name that is there already is left as it is: sent twice is sent once. */
  put: (name: string, bytes: Uint8Array) => Promise<void>
}>

/** `Message-ID` of a notice and a place in it (events.md section 4, P2). @param log the ledger's origin, which begins with a host */
export const messageIdOf = (name: string, log: string): string =>
  `<${name}@${log.split('/')[0] ?? 'localhost'}>`

/** The octets of a message, in UTF-8. Nothing is fetched and no file is read for it. */
export const composeMessage = async (
  { name, to, subject, text, date }: Message,
  by: Readonly<{ from: string; log: string }>,
): Promise<Uint8Array> =>
  new MailComposer({
    from: by.from,
    to: { name: '', address: to },
    subject,
    text,
    textEncoding: 'base64',
    date: new Date(date),
    messageId: messageIdOf(name, by.log),
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build()
