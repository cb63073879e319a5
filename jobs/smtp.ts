// Messages leave by SMTP (RFC 5321). What a server says of one message is of that message: refused for now (4yz) it is asked again
// later, refused for good (5yz) it has bounced. What it says of us, or says nothing at all, is a fault: nothing leaves then.
import { createTransport } from 'nodemailer'
import { MailFault, type Handed } from './outbox.ts'

export type SmtpOptions = Readonly<{
  /** `smtp://user:password@host:port` (STARTTLS where offered) or `smtps://…`; parameters as nodemailer takes them. */
  url: string
  /** Who writes: the envelope's sender, where bounces go. */
  from: string
}>

export type Mailer = Readonly<{
  /** @throws MailFault */
  ready: () => Promise<void>
  send: (to: string, bytes: Uint8Array) => Promise<Handed>
  close: () => Promise<void>
}>

type SmtpError = Readonly<{ code?: unknown; command?: unknown; responseCode?: unknown; response?: unknown }>

/** One connection that breaks may be one message's; as many in a row are the server's. */
const brokenAtMost = 3

const timeouts = { connectionTimeout: 15_000, greetingTimeout: 15_000, socketTimeout: 60_000 }

/** RFC 2034: the reply's own code where it has one, else its class. */
const statusOf = (response: unknown, replyCode: number): string =>
  /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})(?: |$)/m.exec(String(response))?.[1] ??
  `${Math.floor(replyCode / 100)}.0.0`

/** The commands in which a message or its recipient is judged; in all others we are. */
const ofMessage = new Set(['RCPT TO', 'DATA', 'BDAT'])

/** The server's judgement on one message; undefined where it was on us, or none. */
const judgement = ({ code, command, responseCode, response }: SmtpError): Handed | undefined => {
  if (typeof responseCode !== 'number' || responseCode < 400 || responseCode === 421) return undefined
  const isOurs = code === 'EMESSAGE' || (code === 'EENVELOPE' && ofMessage.has(String(command)))
  if (!isOurs) return undefined
  return { refused: responseCode < 500 ? 'forNow' : 'forGood', fault: statusOf(response, responseCode) }
}

/** What breaks on the way, wherever it was: the message may have been taken, or not (RFC 3463 X.4.2). */
const isBroken = ({ code, responseCode }: SmtpError): boolean =>
  responseCode === 421 ||
  ['ECONNECTION', 'ECONNRESET', 'ETIMEDOUT', 'ESOCKET', 'EPROTOCOL', 'ESTREAM'].includes(String(code))

/** Nothing of the server's words or of the settings goes into it. */
const faultOf = ({ code }: SmtpError): MailFault =>
  new MailFault(`SMTP_URL: the mail server cannot be used${typeof code === 'string' ? ` (${code})` : ''}`)

/** Opens no connection yet. */
export const openMailer = ({ url, from }: SmtpOptions): Mailer => {
  const transport = createTransport({
    ...{ ...timeouts, url, pool: true, maxConnections: 4 },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  })
  let broken = 0
  return {
    ready: async () => {
      try {
        await transport.verify()
        broken = 0
      } catch (error) {
        throw faultOf(error as SmtpError)
      }
    },
    send: async (to, bytes) => {
      try {
        await transport.sendMail({ envelope: { from, to: [to] }, raw: Buffer.from(bytes) })
        broken = 0
        return 'taken'
      } catch (error) {
        const judged = judgement(error as SmtpError)
        if (judged !== undefined) {
          broken = 0
          return judged
        }
        broken += 1
        if (!isBroken(error as SmtpError) || broken >= brokenAtMost) throw faultOf(error as SmtpError)
        return { refused: 'forNow', fault: '4.4.2' }
      }
    },
    close: async () => transport.close(),
  }
}
