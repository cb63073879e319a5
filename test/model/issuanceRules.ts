// Keys, certificates and cards of a session (CGU-14, CGU-18, CGU-34 to CGU-38, CGU-41 to CGU-43, CGU-49 to CGU-53, CGU-60).
import {
  authorityEnds,
  cardInSession,
  isSigned,
  liveSession,
  minutes,
  personOf,
  seldom,
  yearsAfter,
} from './model.ts'
import type { Ask, Card, Model, Rule } from './model.ts'

/** Now and then a command is given with something wrong in it. */
export const isWrong = (choice: number): boolean => choice % 7 === 6
export const fails = (choice: number): boolean => choice % 5 === 4

/** The key that is bound: now and then one that another serial has. */
export const keyTried = (m: Model, on: number, choice: number): number => {
  const other = choice % m.keys.length
  return isWrong(choice) && m.keys[other]!.status !== 'unknown' ? other : on
}

/** The old key that a session takes out of escrow; where it has none to take, any. */
export const oldKeyOf = (m: Model, on: number, choice: number): number => {
  const { session } = m.files[on]!
  const recover = session === undefined ? [] : m.sessions[session]!.recover
  return recover.length > 0 && !isWrong(choice) ? recover[choice % recover.length]! : choice % m.keys.length
}
const underOf = (m: Model, on: number): string => `session ${on} ${m.files[on]!.sessions}`

const setCard = (m: Model, card: number, more: Partial<Card>): void => {
  const { before: _, ...held } = m.cards[card]!
  m.cards[card] = { ...held, ...more }
}

const notItsHolder = (m: Model, { who, on }: Ask): boolean =>
  who.role === 'holder' && personOf(m, on) !== who.person

export const incidentOf = (choice: number): 'blocked' | 'faulty' | 'lost' | 'stolen' =>
  (['blocked', 'blocked', 'faulty', 'lost', 'stolen'] as const)[choice % 5]!
const after = { blocked: 'blocked', faulty: 'faulty', lost: 'lost', stolen: 'lost' } as const
const gone: readonly Card['status'][] = ['unknown', 'released', 'scrapped']

const writing = (status: 'written' | 'spoiled', event: string, often: number): Rule => ({
  ...{ on: 'card', by: ['program'], often },
  not: (m, { on }) => {
    const { status: found } = m.cards[on]!
    return [['written', 'inUse'].includes(found) && 'nothing', found !== 'allotted' && 'OUT_OF_ORDER']
  },
  then: (m, { on }) => {
    setCard(m, on, { status })
    return [event]
  },
})

const answered = (m: Model, ask: Ask): readonly (string | false)[] => [
  !isSigned(m.certificates[ask.on]!) && 'CERTIFICATE_UNKNOWN',
  notItsHolder(m, ask) && 'ACCEPTANCE_HOLDER_ONLY',
  isWrong(ask.choice) && 'CONTENT_DIFFERS',
  m.certificates[ask.on]!.status !== 'issued' && 'OUT_OF_ORDER',
]

export const issuanceRules = {
  allot: {
    ...{ on: 'file', by: ['raOfficer'], never: ['holder', 'program'], often: 25 },
    not: (m, { on }) => {
      const session = liveSession(m, on)
      if (session === undefined) return ['OUT_OF_ORDER']
      const { card: id } = m.sessions[session]!
      const card = m.cards[id]!
      return [
        (card.status === 'allotted' || cardInSession(m, id)) && 'CARD_BUSY',
        card.status === 'inUse' && card.person !== m.files[on]!.person && 'CARD_OF_ANOTHER_HOLDER',
        !['unknown', 'released', 'inUse'].includes(card.status) && 'OUT_OF_ORDER',
        card.status !== 'unknown' && card.kind !== m.files[on]!.cardKind && 'CARD_NOT_QUALIFIED',
      ]
    },
    then: (m, { on }) => {
      const session = liveSession(m, on)!
      const { card } = m.sessions[session]!
      const { person, cardKind: kind } = m.files[on]!
      const was = m.cards[card]!
      const before = was.status === 'inUse' ? { before: was } : {}
      m.cards[card] = { status: 'allotted', person, kind, session, ...before }
      return ['CardAllotted']
    },
  },
  bind: {
    ...{ on: 'session', by: ['program'], often: 20 },
    not: (m, { on, choice }) => {
      const key = keyTried(m, on, choice)
      if (key !== on) return ['PUBLIC_KEY_TAKEN']
      return [m.keys[on]!.status !== 'unknown' && 'nothing']
    },
    then: (m, { on }) => {
      m.keys[on]!.status = 'bound'
      return ['PublicKeyBound']
    },
  },
  escrow: {
    ...{ on: 'session', by: ['program'], often: 25 },
    not: (m, { on, choice }) => {
      const { status } = m.keys[on]!
      return [
        status === 'kept' && 'nothing',
        status !== 'bound' && 'OUT_OF_ORDER',
        isWrong(choice) && 'ESCROW_TERM_WRONG',
      ]
    },
    then: (m, { on }) => {
      Object.assign(m.keys[on]!, { status: 'kept', until: yearsAfter(m.now, 10) })
      return ['KeyEscrowed']
    },
  },
  plan: {
    ...{ on: 'session', by: ['program'], often: 25 },
    not: (m, { on, choice }) => {
      const { status } = m.certificates[on]!
      return [
        status === 'planned' && 'nothing',
        status !== 'unknown' && 'OUT_OF_ORDER',
        m.keys[on]!.status !== 'kept' && 'KEY_NOT_ESCROWED',
        (isWrong(choice) || yearsAfter(m.now, 3) - 1000 > authorityEnds) && 'VALIDITY_WRONG',
        m.stopped && 'ISSUANCE_STOPPED',
      ]
    },
    then: (m, { on }) => {
      const until = yearsAfter(m.now, 3) - 1000
      Object.assign(m.certificates[on]!, { status: 'planned', from: m.now, until })
      return ['CertificatePlanned']
    },
  },
  /** CGU-38: with a key that is not this serial's, escrowed or not. */
  planOnAnothersKey: {
    ...{ on: 'session', by: ['program'], often: 1 },
    not: (m, { on }) => {
      const { status } = m.certificates[on]!
      return [
        'KEY_NOT_ESCROWED',
        status === 'planned' && 'nothing',
        status !== 'unknown' && 'OUT_OF_ORDER',
        yearsAfter(m.now, 3) - 1000 > authorityEnds && 'VALIDITY_WRONG',
        m.stopped && 'ISSUANCE_STOPPED',
      ]
    },
    then: () => [],
  },
  sign: {
    ...{ on: 'session', by: ['program'], often: 25 },
    not: (m, { on }) => [
      isSigned(m.certificates[on]!) && 'nothing',
      m.certificates[on]!.status !== 'planned' && 'OUT_OF_ORDER',
    ],
    then: (m, { on }) => {
      m.certificates[on]!.status = 'issued'
      return ['CertificateIssued']
    },
  },
  abandon: {
    ...{ on: 'session', by: ['program'], often: 1 },
    dull: seldom,
    not: (m, { on }) => {
      const { status } = m.certificates[on]!
      return [status === 'abandoned' && 'nothing', !['unknown', 'planned'].includes(status) && 'OUT_OF_ORDER']
    },
    then: (m, { on }) => {
      m.certificates[on]!.status = 'abandoned'
      return ['CertificateAbandoned']
    },
  },
  accept: {
    ...{ on: 'session', by: ['holder'], often: 25 },
    not: (m, ask) => [m.certificates[ask.on]!.status === 'accepted' && 'nothing', ...answered(m, ask)],
    then: (m, { on }) => {
      Object.assign(m.certificates[on]!, { status: 'accepted', accepted: true })
      return ['CertificateAccepted']
    },
  },
  /** By its holder, or by the program when he has not answered in half an hour. */
  refuse: {
    ...{ on: 'session', by: ['holder', 'program'], often: 2 },
    not: (m, ask) => [
      m.certificates[ask.on]!.status === 'refused' && 'nothing',
      ...answered(m, ask),
      ask.who.role === 'program' && m.now < m.certificates[ask.on]!.from + minutes(30) && 'OUT_OF_ORDER',
    ],
    then: (m, { on }) => {
      m.certificates[on]!.status = 'refused'
      return ['CertificateRefused']
    },
  },
  /** CGU-42, CGU-43: a live session takes the old keys that it was opened with out of escrow. */
  takeOldKey: {
    ...{ on: 'file', by: ['program'], often: 10 },
    not: (m, { on, choice }) => {
      if (m.keys.length === 0) return ['KEY_NOT_ESCROWED']
      const session = liveSession(m, on)
      const old = oldKeyOf(m, on, choice)
      const key = m.keys[old]!
      return [
        key.status === 'recovering' && 'KEY_BUSY',
        key.status !== 'kept' && 'KEY_NOT_ESCROWED',
        m.now >= key.until && 'ESCROW_TERM_ENDED',
        personOf(m, old) !== m.files[on]!.person && 'CARD_OF_ANOTHER_HOLDER',
        (session === undefined || !m.sessions[session]!.recover.includes(old)) && 'OUT_OF_ORDER',
      ]
    },
    then: (m, { on, choice }) => {
      Object.assign(m.keys[oldKeyOf(m, on, choice)]!, { status: 'recovering', under: underOf(m, on) })
      return ['KeyRecoveryStarted']
    },
  },
  oldKeyTaken: {
    ...{ on: 'file', by: ['program'], often: 15 },
    not: (m, { on, choice }) => {
      if (m.keys.length === 0) return ['OUT_OF_ORDER']
      const { status, under } = m.keys[oldKeyOf(m, on, choice)]!
      return [
        status !== 'recovering' && 'OUT_OF_ORDER',
        status === 'recovering' && under !== underOf(m, on) && 'KEY_BUSY',
      ]
    },
    then: (m, { on, choice }) => {
      m.keys[oldKeyOf(m, on, choice)]!.status = 'kept'
      return [fails(choice) ? 'KeyRecoveryFailed' : 'KeyRecovered']
    },
  },
  write: writing('written', 'CardWritten', 25),
  spoil: writing('spoiled', 'CardWriteFailed', 1),
  definePin: {
    ...{ on: 'card', by: ['holder'], often: 25 },
    not: (m, { who, on }) => {
      const { status, person } = m.cards[on]!
      return [status !== 'written' && 'OUT_OF_ORDER', person !== who.person && 'PIN_HOLDER_ONLY']
    },
    then: (m, { on }) => {
      setCard(m, on, { status: 'inUse' })
      return ['CardPinDefined']
    },
  },
  release: {
    ...{ on: 'card', by: ['raOfficer', 'program'], often: 1 },
    dull: seldom,
    not: (m, { on }) => [m.cards[on]!.status !== 'allotted' && 'nothing'],
    then: (m, { on }) => {
      const { before, ...held } = m.cards[on]!
      m.cards[on] = before ?? { ...held, status: 'released' }
      return ['CardReleased']
    },
  },
  report: {
    ...{ on: 'card', by: ['holder', 'mc', 'raOfficer', 'unblockingOperator'], often: 4 },
    not: (m, { who, on, choice }) => {
      const { status, person, incident } = m.cards[on]!
      const reported = incidentOf(choice)
      return [
        status !== 'inUse' && incident === reported && 'nothing',
        !['inUse', 'blocked'].includes(status) &&
          !(status === 'faulty' && ['lost', 'stolen'].includes(reported)) &&
          'OUT_OF_ORDER',
        who.role === 'holder' && who.person !== person && 'CARD_OF_ANOTHER_HOLDER',
        who.role === 'unblockingOperator' && ['lost', 'stolen'].includes(reported) && 'REVOKER_NOT_ENTITLED',
      ]
    },
    then: (m, { on, choice }) => {
      setCard(m, on, { status: after[incidentOf(choice)], incident: incidentOf(choice) })
      return ['CardIncidentReported']
    },
  },
  unblock: {
    ...{ on: 'card', by: ['unblockingOperator'], often: 6 },
    not: (m, { on }) => [m.cards[on]!.status !== 'blocked' && 'OUT_OF_ORDER'],
    then: (m, { on }) => {
      setCard(m, on, { status: 'unblocking' })
      return ['CardUnblockingStarted']
    },
  },
  unblocked: {
    ...{ on: 'card', by: ['program'], often: 8 },
    not: (m, { on }) => [m.cards[on]!.status !== 'unblocking' && 'OUT_OF_ORDER'],
    then: (m, { on, choice }) => {
      setCard(m, on, { status: fails(choice) ? 'blocked' : 'written' })
      return [fails(choice) ? 'CardUnblockFailed' : 'CardUnblocked']
    },
  },
  /** The program scraps what a session has spoiled; an officer, only outside a session. */
  scrap: {
    ...{ on: 'card', by: ['raOfficer', 'program'], often: 2 },
    dull: seldom,
    not: (m, { who, on }) => [
      gone.includes(m.cards[on]!.status) && 'nothing',
      who.role === 'raOfficer' && cardInSession(m, on) && 'CARD_BUSY',
    ],
    then: (m, { on }) => {
      setCard(m, on, { status: 'scrapped' })
      return ['CardScrapped']
    },
  },
} satisfies Record<string, Rule>
