// Requests, from the demand to the card in the holder's hand (CGU-04, CGU-16 to CGU-37, CGU-42, CGU-43, CGU-54 to CGU-59).
import { days, dayOf, holders, isEscrowed, liveSession, personOf, seldom } from './model.ts'
import type { Ask, File, Model, Rule } from './model.ts'

const underWay = ({ status }: File): boolean => status === 'open' || status === 'validated'
const isHis = (m: Model, { who, on }: Ask): boolean => m.files[on]!.person === who.person
const lapsed = (m: Model, file: File): boolean => file.lapsesOn !== '' && file.lapsesOn < dayOf(m.now)

const newFile = (file: Pick<File, 'person' | 'path' | 'cardKind'> & Partial<File>): File => ({
  ...{ status: 'open', cgu: false, identified: false, dossier: false, lapsesOn: '', sessions: 0 },
  ...file,
})

const demand: Rule['not'] = (m, { who, on }) => {
  const { person, kind } = holders[on]!
  return [
    who.role === 'holder' && who.person !== person && 'REQUESTER_NOT_ENTITLED',
    who.role !== 'holder' && who.person === person && 'SELF_APPROVAL',
    kind === 'contractor' && who.role !== 'mc' && 'MANDATE_REQUIRED',
    m.stopped && 'ISSUANCE_STOPPED',
  ]
}
export const cardKindOf = (on: number, choice: number): File['cardKind'] =>
  holders[on]!.kind === 'contractor' || choice % 4 === 3 ? 'temporary' : 'agent'

/** The desk that a session is opened at, and its card: mostly a new one, now and then one that is known. */
export const deskOf = (choice: number): number => choice % 2
export const cardOf = (m: Model, choice: number): number =>
  choice % 5 === 4 && m.cards.length > 0 ? choice % m.cards.length : m.cards.length
export const absent = (choice: number): boolean => choice % 11 === 10

/** CGU-43: every key of his that he accepted a certificate for, while its escrow runs; newest first. */
const oldKeys = (m: Model, person: number): readonly number[] =>
  m.certificates
    .map(({ accepted }, session) => ({ accepted, session }))
    .filter(({ accepted, session }) => accepted && personOf(m, session) === person)
    .filter(({ session }) => isEscrowed(m, session) && m.now < m.keys[session]!.until)
    .map(({ session }) => session)
    .reverse()
    .slice(0, 11)

const deskBusy = (m: Model, desk: number): boolean =>
  m.files.some((_, file) => {
    const session = liveSession(m, file)
    return session !== undefined && m.sessions[session]!.desk === desk
  })

const renewable = (m: Model, certificate: number): boolean => {
  const { status, until } = m.certificates[certificate]!
  return status === 'accepted' && m.now <= until
}

const notHolder = ({ role, person }: Ask['who'], holder: number): boolean =>
  role !== 'holder' || person !== holder

const renewal: Rule['not'] = (m, { who, on }) => {
  const { status, until } = m.certificates[on]!
  const file = m.files[m.sessions[on]!.file]!
  const rival = m.files.some((one) => one.previous === on && !['rejected', 'closed'].includes(one.status))
  return [
    notHolder(who, file.person) && 'RENEWAL_HOLDER_ONLY',
    !['issued', 'accepted', 'refused', 'revoked'].includes(status) && 'CERTIFICATE_UNKNOWN',
    file.cardKind !== 'agent' && 'RENEWAL_AGENT_CARD_ONLY',
    (['refused', 'revoked'].includes(status) || until < m.now) && 'RENEWAL_AFTER_REVOCATION',
    status === 'issued' && 'OUT_OF_ORDER',
    rival && 'RENEWAL_ALREADY_OPEN',
    m.now < until - days(90) && 'OUT_OF_ORDER',
    m.stopped && 'ISSUANCE_STOPPED',
  ]
}

export const requestRules = {
  request: {
    ...{ on: 'holder', by: ['holder', 'raOfficer', 'mc'], often: 5, not: demand },
    dull: (m, { on }) =>
      m.files.some(
        (file) => file.person === holders[on]!.person && (underWay(file) || file.status === 'inSession'),
      ),
    then: (m, { who, on, choice }) => {
      const path = who.role === 'mc' ? 'mandate' : 'direct'
      m.files.push(newFile({ person: holders[on]!.person, path, cardKind: cardKindOf(on, choice) }))
      return ['CertificateRequested']
    },
  },
  /** CGU-04: under another's person number. */
  impersonate: {
    ...{ on: 'holder', by: ['raOfficer'], never: ['holder', 'mc'], often: 1 },
    not: (m, ask) => ['PERSON_MISMATCH', ...demand(m, ask), 'MANDATE_REQUIRED'],
    then: () => [],
  },
  renew: {
    ...{ on: 'session', by: ['holder', 'mc', 'raOfficer'], often: 5, not: renewal },
    then: (m, { on }) => {
      const { person } = m.files[m.sessions[on]!.file]!
      m.files.push(newFile({ person, path: 'direct', cardKind: 'agent', previous: on, cgu: true }))
      return ['CertificateRequested', 'CguAccepted']
    },
  },
  acceptCgu: {
    ...{ on: 'file', by: ['holder'], often: 8 },
    not: (m, ask) => {
      const { status, cgu } = m.files[ask.on]!
      return [!isHis(m, ask) && 'ROLE_NOT_HELD', status !== 'open' && 'OUT_OF_ORDER', cgu && 'nothing']
    },
    then: (m, { on }) => {
      m.files[on]!.cgu = true
      return ['CguAccepted']
    },
  },
  completeDossier: {
    ...{ on: 'file', by: ['mc', 'raOfficer'], often: 4 },
    dull: (m, { on }) => m.files[on]!.dossier,
    not: (m, ask) => {
      const { status, path } = m.files[ask.on]!
      return [(status !== 'open' || path !== 'mandate') && 'OUT_OF_ORDER', isHis(m, ask) && 'SELF_APPROVAL']
    },
    then: (m, { on }) => {
      m.files[on]!.dossier = true
      return ['DossierCompleted']
    },
  },
  verifyIdentity: {
    ...{ on: 'file', by: ['raOfficer', 'mc'], often: 8 },
    dull: (m, { on }) => m.files[on]!.identified,
    not: (m, ask) => {
      const { status, path } = m.files[ask.on]!
      return [
        status !== 'open' && 'OUT_OF_ORDER',
        (ask.who.role === 'mc') !== (path === 'mandate') && 'VERIFIER_WRONG',
        isHis(m, ask) && 'SELF_APPROVAL',
      ]
    },
    then: (m, { on }) => {
      m.files[on]!.identified = true
      return ['IdentityVerified']
    },
  },
  sendBack: {
    ...{ on: 'file', by: ['raOfficer', 'mc'], often: 1 },
    dull: seldom,
    not: (m, ask) => {
      const { status, path } = m.files[ask.on]!
      return [
        (status !== 'open' || (ask.choice % 2 === 0 && path !== 'mandate')) && 'OUT_OF_ORDER',
        isHis(m, ask) && 'SELF_APPROVAL',
      ]
    },
    then: (m, { on, choice }) => {
      if (choice % 2 === 0) m.files[on]!.dossier = false
      else m.files[on]!.identified = false
      return ['RequestReturned']
    },
  },
  validate: {
    ...{ on: 'file', by: ['raOfficer'], never: ['program'], often: 12 },
    not: (m, ask) => {
      const { status, cgu, identified, dossier, path, previous } = m.files[ask.on]!
      return [
        status === 'validated' && 'nothing',
        status !== 'open' && 'OUT_OF_ORDER',
        isHis(m, ask) && 'SELF_APPROVAL',
        !cgu && 'CGU_NOT_ACCEPTED',
        !identified && 'IDENTITY_NOT_VERIFIED',
        path === 'mandate' && !dossier && 'DOSSIER_INCOMPLETE',
        previous !== undefined && !renewable(m, previous) && 'RENEWAL_AFTER_REVOCATION',
      ]
    },
    then: (m, { on }) => {
      Object.assign(m.files[on]!, { status: 'validated', lapsesOn: dayOf(m.now + days(90)) })
      return ['RequestValidated']
    },
  },
  reject: {
    ...{ on: 'file', by: ['raOfficer'], often: 1 },
    dull: seldom,
    not: (m, ask) => {
      const file = m.files[ask.on]!
      return [
        file.status === 'rejected' && 'nothing',
        !underWay(file) && 'OUT_OF_ORDER',
        isHis(m, ask) && 'SELF_APPROVAL',
      ]
    },
    then: (m, { on }) => {
      m.files[on]!.status = 'rejected'
      return ['RequestRejected']
    },
  },
  withdraw: {
    ...{ on: 'file', by: ['holder', 'mc', 'raOfficer'], never: ['program'], often: 1 },
    dull: seldom,
    not: (m, ask) => {
      const file = m.files[ask.on]!
      return [
        file.status === 'closed' && 'nothing',
        !underWay(file) && 'OUT_OF_ORDER',
        ask.who.role === 'holder' && !isHis(m, ask) && 'REQUESTER_NOT_ENTITLED',
      ]
    },
    then: (m, { on }) => {
      m.files[on]!.status = 'closed'
      return ['RequestClosed']
    },
  },
  lapse: {
    ...{ on: 'file', by: ['program'], never: ['holder', 'mc', 'raOfficer'], often: 1 },
    not: (m, { on }) => {
      const file = m.files[on]!
      return [file.status === 'closed' && 'nothing', (!underWay(file) || !lapsed(m, file)) && 'OUT_OF_ORDER']
    },
    then: (m, { on }) => {
      m.files[on]!.status = 'closed'
      return ['RequestClosed']
    },
  },
  openSession: {
    ...{ on: 'file', by: ['raOfficer'], often: 15 },
    not: (m, ask) => {
      const file = m.files[ask.on]!
      return [
        (file.status !== 'validated' || lapsed(m, file)) && 'OUT_OF_ORDER',
        absent(ask.choice) && 'HOLDER_ABSENT',
        isHis(m, ask) && 'SELF_APPROVAL',
        deskBusy(m, deskOf(ask.choice)) && 'DESK_BUSY',
        m.stopped && 'ISSUANCE_STOPPED',
      ]
    },
    then: (m, { on, choice }) => {
      const file = m.files[on]!
      const card = cardOf(m, choice)
      if (card === m.cards.length) m.cards.push({ status: 'unknown' })
      Object.assign(file, { status: 'inSession', session: m.sessions.length, sessions: file.sessions + 1 })
      const recover = oldKeys(m, file.person)
      m.sessions.push({ file: on, nth: file.sessions, desk: deskOf(choice), card, recover })
      m.keys.push({ status: 'unknown', until: 0 })
      const none = { accepted: false, from: 0, until: 0, asked: [], handedOver: false }
      m.certificates.push({ status: 'unknown', ...none })
      return ['SessionOpened']
    },
  },
  closeSession: {
    ...{ on: 'file', by: ['raOfficer', 'program'], often: 1 },
    dull: seldom,
    not: (m, { on }) => {
      const { status } = m.files[on]!
      return [status === 'validated' && 'nothing', status !== 'inSession' && 'OUT_OF_ORDER']
    },
    then: (m, { on }) => {
      m.files[on]!.status = 'validated'
      return ['SessionClosed']
    },
  },
  handOver: {
    ...{ on: 'file', by: ['raOfficer', 'program'], often: 30 },
    not: (m, ask) => {
      const { status } = m.files[ask.on]!
      const session = liveSession(m, ask.on)
      if (session === undefined) return [status === 'fulfilled' && 'nothing', 'OUT_OF_ORDER']
      const card = m.cards[m.sessions[session]!.card]!
      return [
        // CGU-58: only of a session without the RA.
        ask.who.role === 'program' && 'ROLE_NOT_HELD',
        isHis(m, ask) && 'SELF_APPROVAL',
        // CGU-35: the card that was made in this session, and no other.
        card.session !== session && 'OUT_OF_ORDER',
        card.status !== 'inUse' && 'PIN_NOT_DEFINED',
        m.certificates[session]!.status !== 'accepted' && 'CERTIFICATE_NOT_ACCEPTED',
      ]
    },
    then: (m, { on }) => {
      const file = m.files[on]!
      m.certificates[file.session!]!.handedOver = true
      file.status = 'fulfilled'
      return ['CardHandedOver']
    },
  },
} satisfies Record<string, Rule>
