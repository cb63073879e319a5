// A mail server on a free port of the loopback, by nodemailer's author: what it says to the next messages is set by the test.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'

export type Received = Readonly<{ to: string; message: string; secure: boolean; user: unknown }>

/** What it says: yes, a reply at the recipient or at the end of the message, or nothing: it takes the message and hangs up. */
export type Says = 'yes' | Readonly<{ at: 'rcpt' | 'data'; code: number; words: string }> | 'cut'

export type MailServer = Readonly<{
  port: number
  received: readonly Received[]
  says: (next: Says) => void
  close: () => Promise<void>
}>

const replied = ({ code, words }: Readonly<{ code: number; words: string }>): Error =>
  Object.assign(new Error(words), { responseCode: code })

const toOf = ({ envelope }: SMTPServerSession): string =>
  envelope.rcptTo.map(({ address }) => address).join(' ')

/** @param port of one that was closed before */
export const openMailServer = async (port = 0): Promise<MailServer> => {
  const received: Received[] = []
  let says: Says = 'yes'
  const server = new SMTPServer({
    authOptional: true,
    // Idle connections are not waited for.
    closeTimeout: 10,
    onAuth: ({ username, password }, _, done) =>
      password === 'secret' ? done(null, { user: username ?? '' }) : done(new Error('no')),
    onRcptTo: (_, __, done) =>
      typeof says === 'object' && says.at === 'rcpt' ? done(replied(says)) : done(),
    onData: (stream, session, done) => {
      void buffer(stream).then((bytes) => {
        if (typeof says === 'object') {
          done(replied(says))
          return
        }
        const user: unknown = session.user
        received.push({ to: toOf(session), message: bytes.toString('latin1'), secure: session.secure, user })
        if (says === 'yes') done()
        else for (const connection of server.connections) connection.close()
      })
    },
  })
  server.on('error', () => undefined)
  server.listen(port, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    says: (next) => {
      says = next
    },
    close: () => new Promise((done) => server.close(() => done())),
  }
}
