// Tickets: a secret of 256 random bits that its holder shows again, and what we keep for him meanwhile. The database has the
// secret's digest, and the content sealed under a key that only the secret gives: whoever reads the database can neither use a
// ticket nor read a name in it.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { sha256 } from '../../commands/issuing.ts'
import type { Instant } from '../../domain/kernel.ts'
import { addSeconds, isAhead } from '../../domain/policy/dates.ts'
import { claimOnce, findTicket, putTicket, takeTicket, touchTicket } from '../../readmodels/signInTickets.ts'
import type { Services } from '../services.ts'

/** `attempt`: a sign-in under way at a provider; `session`: a browser that is signed in; `access`: an access token. */
export type TicketKind = 'attempt' | 'session' | 'access'

export type Ticket = Readonly<{ content: unknown; since: Instant; seen: Instant; until: Instant }>

export type Tickets = Readonly<{
  /** @returns the secret, base64url */
  open: (kind: TicketKind, content: object, seconds: number) => Promise<string>
  /** @returns undefined for a secret that is nobody's, or whose ticket has lapsed and is forgotten */
  find: (kind: TicketKind, secret: string) => Promise<Ticket | undefined>
  /** As `find`, and it can never be found again. */
  take: (kind: TicketKind, secret: string) => Promise<Ticket | undefined>
  touch: (secret: string) => Promise<void>
  /** True for the first who asks in `seconds`. */
  once: (what: string, seconds: number) => Promise<boolean>
  /** Gives back what `once` has taken. */
  notYet: (what: string) => Promise<void>
}>

const secretPattern = /^[A-Za-z0-9_-]{43}$/

const keyOf = (kind: TicketKind, secret: string): Buffer =>
  Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64url'), '', `grand-livre/ticket/${kind}/v1`, 32))

/** AES-256-GCM; each key enciphers one content, once. */
const sealed = (kind: TicketKind, secret: string, content: object): string => {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(kind, secret), nonce)
  const text = Buffer.concat([cipher.update(JSON.stringify(content), 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')
}

const opened = (kind: TicketKind, secret: string, box: string): unknown => {
  const octets = Buffer.from(box, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', keyOf(kind, secret), octets.subarray(0, 12))
  decipher.setAuthTag(octets.subarray(12, 28))
  const text = Buffer.concat([decipher.update(octets.subarray(28)), decipher.final()])
  return JSON.parse(text.toString('utf8')) as unknown
}

export const createTickets = ({ db, now }: Pick<Services, 'db' | 'now'>): Tickets => {
  const look =
    (by: typeof findTicket): Tickets['find'] =>
    async (kind, secret) => {
      if (!secretPattern.test(secret)) return undefined
      const row = await by(db, sha256(secret), kind)
      if (row === undefined) return undefined
      const { since, seen, until } = row
      const at = now()
      // Opened by a clock that was ahead, and was put back since: it would last for as much longer.
      return {
        content: opened(kind, secret, row.sealed),
        since,
        seen,
        until: isAhead(since, at) ? at : until,
      }
    }
  return {
    open: async (kind, content, seconds) => {
      const [secret, since] = [randomBytes(32).toString('base64url'), now()]
      await putTicket(db, {
        ...{ digest: sha256(secret), kind, sealed: sealed(kind, secret, content) },
        ...{ since, seen: since, until: addSeconds(since, seconds) },
      })
      return secret
    },
    find: look(findTicket),
    take: look(takeTicket),
    touch: (secret) => touchTicket(db, sha256(secret), now()),
    once: (what, seconds) =>
      claimOnce(db, { digest: sha256(`once ${what}`), at: now(), until: addSeconds(now(), seconds) }),
    notYet: async (what) => {
      await takeTicket(db, sha256(`once ${what}`), 'once')
    },
  }
}
