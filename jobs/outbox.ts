// Where messages leave: a port, and what a message is (RFC 5322).
import MailComposer from 'nodemailer/lib/mail-composer'

export type Message = Readonly<{
  /** `<notice>-<place>`: one message bears it, however often it is made. */
  name: string
  to: string
  subject: string
  text: string
  html: string
  date: string
}>

/** What became of a message. `fault` is the enhanced status code (RFC 3463), or the class of it; never the server's words. */
export type Handed = 'taken' | Readonly<{ refused: 'forNow' | 'forGood'; fault: string }>

export type Letter = Readonly<{
  name: string
  to: string
  bytes: Uint8Array
  /** Of the notice, before what comes of this is recorded: what was taken in another turn was another sending. */
  turn: number
}>

export type Outbox = Readonly<{
  /** Whether messages can be handed over at all. @throws MailFault */
  ready: () => Promise<void>
  /**
   * Hands a message over, durably. The same name in the same turn is handed over once, unless the program was stopped between
   * the answer and its own note of it: then the same Message-ID is sent again.
   * @throws MailFault where nothing can be handed over any more
   */
  put: (letter: Letter) => Promise<Handed>
  /** What has become of a notice is recorded: notes about it are needed no more. */
  recorded: (notice: string) => Promise<void>
}>

/** Messages cannot be handed over: the server does not answer, or does not want ours at all. */
export class MailFault extends Error {
  override readonly name = 'MailFault'
}

/** `Message-ID` of a notice and a place in it (events.md section 4, P2). @param log the ledger's origin, which begins with a host */
export const messageIdOf = (name: string, log: string): string =>
  `<${name}@${log.split('/')[0] ?? 'localhost'}>`

/** The octets of a message, in UTF-8: the same whenever it is made. Nothing is fetched and no file is read for it. */
export const composeMessage = async (
  { name, to, subject, text, html, date }: Message,
  by: Readonly<{ from: string; log: string }>,
): Promise<Uint8Array> =>
  new MailComposer({
    from: by.from,
    to: { name: '', address: to },
    ...{ subject, text, html },
    textEncoding: 'base64',
    baseBoundary: name,
    date: new Date(date),
    messageId: messageIdOf(name, by.log),
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build()
