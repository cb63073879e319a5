// A simple model of a small population: what there is, and what becomes of it. Written from the conditions of use (CGU) and from
// the table of transitions, not from the code. A session is one serial, one key and one certificate: they share a number.

export type File = {
  status: 'open' | 'validated' | 'inSession' | 'fulfilled' | 'rejected' | 'closed'
  readonly person: number
  readonly path: 'direct' | 'mandate'
  readonly cardKind: 'agent' | 'temporary'
  /** Certificate that a renewal follows. */
  readonly previous?: number
  cgu: boolean
  identified: boolean
  dossier: boolean
  lapsesOn: string
  /** Its newest session: live while the request is in session. */
  session?: number
  sessions: number
}
export type Session = Readonly<{
  file: number
  /** Which one of that file. */
  nth: number
  desk: number
  card: number
  /** CGU-43: certificates whose keys go on the card beside the new one. */
  recover: readonly number[]
}>
type CardStatus =
  | 'unknown'
  | 'allotted'
  | 'written'
  | 'spoiled'
  | 'released'
  | 'inUse'
  | 'blocked'
  | 'faulty'
  | 'lost'
  | 'unblocking'
  | 'scrapped'
export type Card = Readonly<{
  status: CardStatus
  person?: number
  kind?: string
  /** The session that had it last. */
  session?: number
  incident?: string
  /** What it is again when the session gives it up unwritten. */
  before?: Card
}>
export type Key = {
  status: 'unknown' | 'bound' | 'kept' | 'recovering'
  /** End of the escrow. */
  until: number
  /** What a recovery under way is for. */
  under?: string
}
export type Certificate = {
  status: 'unknown' | 'planned' | 'issued' | 'accepted' | 'refused' | 'revoked' | 'abandoned'
  /** Whether its holder ever accepted it. */
  accepted: boolean
  from: number
  until: number
  /** Requests for its revocation that nobody has decided yet. */
  asked: number[]
  handedOver: boolean
}
export type Recovery = {
  status: 'requested' | 'rejected' | 'closed' | 'delivered'
  readonly certificate: number
  readonly requester: number
  readonly recorder: number
  approvals: readonly Readonly<{ by: number; until: number }>[]
  output: boolean
}

export type Model = {
  now: number
  /** CGU-80 */
  stopped: boolean
  readonly files: File[]
  readonly sessions: Session[]
  readonly cards: Card[]
  readonly keys: Key[]
  readonly certificates: Certificate[]
  readonly recoveries: Recovery[]
  /** Requests for revocation so far: each has a number of its own. */
  revocations: number
}

export const emptyModel = (): Model => ({
  now: Date.UTC(2026, 2, 2, 9),
  stopped: false,
  files: [],
  sessions: [],
  cards: [],
  keys: [],
  certificates: [],
  recoveries: [],
  revocations: 0,
})

/** Everybody. An officer may be a holder too: the first officer of the RA is not, the second is holder 1. */
export const people = [
  { role: 'holder', person: 1 },
  { role: 'holder', person: 2 },
  { role: 'holder', person: 3 },
  { role: 'raOfficer', person: 11 },
  { role: 'raOfficer', person: 1 },
  { role: 'mc', person: 21 },
  { role: 'recoveryOfficer', person: 31 },
  { role: 'recoveryOfficer', person: 32 },
  { role: 'recoveryOfficer', person: 2 },
  { role: 'program', person: 4 },
  { role: 'unblockingOperator', person: 60 },
  { role: 'caOfficer', person: 70 },
] as const
export type Somebody = (typeof people)[number]
export type Role = Somebody['role']

/** Who applies for certificates: two agents of the referential and an external contractor (CGU-27, CGU-30). */
export const holders = [
  { person: 1, kind: 'agent' },
  { person: 2, kind: 'agent' },
  { person: 3, kind: 'contractor' },
] as const

/** A legal authority, for whom a recovery officer records. */
export const authorityAtLaw = 40

/** Somebody does something to one object; `choice` says how, where there is a choice. */
export type Ask = Readonly<{ who: Somebody; on: number; choice: number }>

/** What a kind of action is about. */
export type Target = 'holder' | 'file' | 'session' | 'card' | 'recovery' | 'world'

export type Rule = Readonly<{
  on: Target
  by: readonly Role[]
  /** Roles that hold the same command for another kind of action. */
  never?: readonly Role[]
  /** It would lead nowhere now: it is not drawn as something possible. */
  dull?: (m: Model, ask: Ask) => boolean
  /** How much it is wanted in a life. */
  often: number
  /**
   * Why it is not possible, for every reason that there is. `nothing`: it is so already, so it may also be accepted without
   * an event. None: it is possible.
   */
  not: (m: Model, ask: Ask) => readonly (string | false)[]
  /** What it writes, and the model after it. */
  then: (m: Model, ask: Ask) => readonly string[]
}>

/** What ends things early: seldom, or no life gets far. */
export const seldom = (_: Model, { choice }: Ask): boolean => choice % 6 !== 0

const minute = 60_000
export const [minutes, hours, days] = [
  (n: number): number => n * minute,
  (n: number): number => n * 60 * minute,
  (n: number): number => n * 24 * 60 * minute,
]

/** Civil years later: 29 February becomes 28. */
export const yearsAfter = (from: number, years: number): number => {
  const date = new Date(from)
  const month = date.getUTCMonth()
  date.setUTCFullYear(date.getUTCFullYear() + years)
  if (date.getUTCMonth() !== month) date.setUTCDate(0)
  return date.getTime()
}

const paris = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris' })
/** The day in France. */
export const dayOf = (at: number): string => paris.format(at)

/** CGU-18, CGU-13: nothing outlives the authority's own certificate. */
export const authorityEnds = Date.UTC(2036, 0, 1)

export const personOf = (m: Model, session: number): number => m.files[m.sessions[session]!.file]!.person

/** The live session of a request. */
export const liveSession = (m: Model, file: number): number | undefined =>
  m.files[file]!.status === 'inSession' ? m.files[file]!.session : undefined

/** Whether the session that took the card is still open. */
export const cardInSession = (m: Model, card: number): boolean => {
  const { session } = m.cards[card]!
  return (
    session !== undefined &&
    m.sessions[session]!.card === card &&
    liveSession(m, m.sessions[session]!.file) === session
  )
}

export const isSigned = ({ status }: Certificate): boolean =>
  ['issued', 'accepted', 'refused', 'revoked'].includes(status)

/** The key is held in escrow, and its certificate names it. */
export const isEscrowed = (m: Model, session: number): boolean =>
  ['kept', 'recovering'].includes(m.keys[session]!.status) &&
  !['unknown', 'abandoned'].includes(m.certificates[session]!.status)

export const counts = {
  holder: () => holders.length,
  file: (m: Model) => m.files.length,
  session: (m: Model) => m.sessions.length,
  card: (m: Model) => m.cards.length,
  recovery: (m: Model) => m.recoveries.length,
  world: () => 1,
} satisfies Record<Target, (m: Model) => number>
