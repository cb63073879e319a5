// What the API is given by the composition root. It issues commands and reads read models; it never sees the event store.
import type { InTurn } from '../domain/turns.ts'
import type { Accounts } from '../commands/accounts.ts'
import type { Actors, Principal } from '../commands/actors.ts'
import type { Posts } from '../commands/posts.ts'
import type { Documents } from '../commands/documents.ts'
import type { Observed } from '../commands/endOfLifePlan.ts'
import type { Handle } from '../commands/handle.ts'
import type { IssuingCa } from '../commands/issuing.ts'
import type { OcspActivity } from '../commands/ocspActivity.ts'
import type { Registers } from '../commands/registers.ts'
import type { AuthChallenges } from '../commands/authChallenges.ts'
import type { Settled } from '../commands/renewals.ts'
import type { Responder } from '../commands/responder.ts'
import type { SignIn } from '../commands/signInForRenewal.ts'
import type { Aggregate, Instant } from '../domain/kernel.ts'
import type { ScrapCause, SessionOutcome } from '../domain/lists.ts'
import type { Policy } from '../domain/policy/policy.ts'
import type { Cards, Deliveries } from '../pki/custody.ts'
import type { OpenDatabase } from '../readmodels/database.ts'

/** A place in the ledger, as commands answer it and reads may ask for it. */
export type LedgerPosition = Readonly<{ commit: bigint; prepare: bigint }>

export type Services = Readonly<{
  policy: Policy
  release: string
  now: () => Instant
  newId: () => string
  drawSerial: () => string
  handle: Handle
  /** The present state of one aggregate, opened, its last revision (-1: no such stream), and where its events stand. */
  load: <S, E>(
    aggregate: Aggregate<S, E>,
    id: string,
  ) => Promise<Readonly<{ state: S; revision: number; written: ReadonlyMap<string, LedgerPosition> }>>
  accounts: Accounts
  posts: Posts &
    Readonly<{
      /** After an acceptance: ends the later of two appointments that may not be combined. */
      lookBack: () => Promise<void>
      /** Ends the appointments of an entity that is closed. */
      endOfEntity: (id: string) => Promise<void>
    }>
  /** The referential of agents and the RA's directory. */
  registers: Registers
  /** Keyed digest of a name in a certificate, or of whose it is (ADR 14). */
  subjectMac: (text: string) => string
  actors: Actors
  /**
   * Takes all of these names if nobody has one of them, in any process of the installation.
   * @returns how to give them back; undefined where somebody does
   */
  alone: (names: readonly string[]) => Promise<(() => Promise<void>) | undefined>
  /** The program itself: records failed sign-ins, which have no account. */
  program: Principal
  db: OpenDatabase['db']
  reads: Readonly<{
    /** Waits until every read model has reached `position`; false after `timeoutMs`. */
    waitFor: (position: LedgerPosition, timeoutMs: number) => Promise<boolean>
    /** Waits until every read model has taken in every fact of this instant; false after `timeoutMs`. */
    caughtUp: (timeoutMs: number) => Promise<boolean>
    /** Where the table stands that OCSP answers are read from. */
    position: () => LedgerPosition | undefined
    /** Age in seconds of the oldest fact the OCSP answers have not taken in; Infinity when that is not known. */
    lagSeconds: () => number
    /** Before what was read is relied on: looks whether the rows still stand where they stood. */
    lookAgain: () => Promise<void>
    /** Blind index term of one normalised word (search). */
    blind: (kind: string, normalised: string) => string
  }>
  issuance: Readonly<{
    /** Runs an act after what is under way for the same request: issuing, undoing, handing over exclude each other. */
    inTurn: InTurn
    /** Carries an open session to a written card (commands/issueCertificate.ts); one at a time a request. */
    issue: (requestId: string) => Promise<string>
    /** Undoes an open session (commands/undoIssuance.ts). */
    undo: (
      requestId: string,
      why: { outcome: SessionOutcome; scrap: ScrapCause },
    ) => Promise<string | undefined>
  }>
  renewal: Readonly<{
    /** CGU-58: what the holder signs to renew alone. */
    challenge: AuthChallenges['draw']
    signIn: SignIn
    /** Looks back, and validates what needs no officer (commands/renewals.ts). The read models have taken the request in. */
    settle: (requestId: string, previous: string) => Promise<Settled>
    /** Ends a self-service session whose PIN is set and whose certificate is accepted. */
    complete: (requestId: string) => Promise<void>
  }>
  recovery: Readonly<{
    /** Executes an approved recovery: SHA-256 of what waits for delivery, and for who executed it its one-time passphrase, where it has one. */
    execute: (
      recoveryId: string,
      executor: string,
    ) => Promise<Readonly<{ outputSha256: string; passphrase?: string }>>
    /** Removes what waited for the delivery of a recovery that was rejected. */
    discard: (recoveryId: string) => Promise<void>
    deliveries: Deliveries
  }>
  cards: Pick<Cards, 'capabilities' | 'definePin'>
  cardCare: Readonly<{
    /** Carries an unblocking that was begun to its outcome (commands/unblocking.ts). */
    unblock: (card: string) => Promise<void>
    /** Erases a card that is about to be scrapped, where it can be reached. @returns whether it was erased */
    erase: (card: string) => Promise<boolean>
    /** Destroys what a scrapped card holds, and revokes what a lost or scrapped one bore (commands/revokeOfCard.ts). */
    revoke: (card: string) => Promise<readonly string[]>
  }>
  authority: Readonly<{
    ca: IssuingCa
    root: Uint8Array
    rootCa: IssuingCa
    responder: () => Promise<Responder>
    /** What the responder answers is counted here (CGU-107). */
    activity: Pick<OcspActivity, 'signed' | 'given' | 'late'>
  }>
  /** Texts of documents, by their digest: the conditions of use in force among them (CGU-01). */
  documents: Documents
  /** What people have to look after, though every part works: name → true, or what is wrong. */
  alarms: () => Promise<Readonly<Record<string, true | string>>>
  /** The end of the issuing authority's life (commands/endOfLifePlan.ts). */
  endOfLife: Readonly<{
    /** What is read beside the authority's own streams, once every read model has caught up. */
    observe: () => Promise<Observed>
    /** Of it what its commands ask for, as the read models have it now. */
    glance: () => Promise<Pick<Observed, 'count' | 'crlNumber' | 'entries'>>
    /** Digest of every serial that was issued before a size of the ledger. */
    serialsSha256: (upTo: number) => Promise<string>
    /** Whether the keys of the authorities are on a token. */
    isOnToken: boolean
    /** CGU-90: removes a service key from its module for ever. @returns what a signature with it answers since */
    destroyKey: (servicekey: string) => Promise<Readonly<{ failedUseCode: string; sessionsClosed: number }>>
  }>
  /** Which parts work, for the probes: name → true, or what is wrong. */
  health: () => Promise<Readonly<Record<string, true | string>>>
}>
