// What an action of the model is as a real command: names, data and the decider that is asked.
import { acceptCgu } from '../../commands/acceptCgu.ts'
import { reportCard, scrapCard } from '../../commands/cardIncidents.ts'
import { allotCard, definePin, recordCardWriting, releaseCard } from '../../commands/cards.ts'
import {
  abandonCertificate,
  acceptCertificate,
  planCertificate,
  recordCertificate,
  refuseCertificate,
} from '../../commands/certificates.ts'
import { completeDossier } from '../../commands/completeDossier.ts'
import { resumeIssuance, stopIssuance } from '../../commands/endOfLife.ts'
import { closeRequest, rejectRequest } from '../../commands/endRequest.ts'
import type { Handle, Outcome } from '../../commands/handle.ts'
import { bindPublicKey, escrowKey, recordKeyRecovery, startKeyRecovery } from '../../commands/keys.ts'
import { approveRecovery } from '../../commands/approveRecovery.ts'
import { closeRecovery, deliverRecovery, rejectRecovery } from '../../commands/recoveries.ts'
import { requestCertificate } from '../../commands/requestCertificate.ts'
import { requestRecovery } from '../../commands/requestRecovery.ts'
import { requestRenewal } from '../../commands/requestRenewal.ts'
import { requestRevocation } from '../../commands/requestRevocation.ts'
import { returnRequest } from '../../commands/returnRequest.ts'
import { rejectRevocation, revokeCertificate } from '../../commands/revocations.ts'
import { closeSession, handOverCard, openSession } from '../../commands/sessions.ts'
import { recordUnblocking, startUnblocking } from '../../commands/unblocking.ts'
import { validateRequest } from '../../commands/validateRequest.ts'
import { verifyIdentity } from '../../commands/verifyIdentity.ts'
import { whileIssuing } from '../../commands/whileIssuing.ts'
import type { Command, Decider, Event } from '../../domain/kernel.ts'
import { digest, E, issuer, M, policy } from '../commands/facts.ts'
import { serialOf, spkiOf, uuid } from '../ledger/filled.ts'
import { askedOf, keyOf } from './claimRules.ts'
import { fails, incidentOf, isWrong, keyTried, oldKeyOf } from './issuanceRules.ts'
import { authorityAtLaw, dayOf, holders, liveSession, yearsAfter, type Ask, type Model } from './model.ts'
import { absent, cardKindOf, cardOf, deskOf } from './requestRules.ts'
import type { Kind } from './rules.ts'

/** A command that waits for its id, its giver and its instant. */
export type Order = (handle: Handle, given: Omit<Command, 'type' | 'data'>) => Promise<Outcome<Event>>

const order =
  <S, C extends Command, E extends Event, F>(decider: Decider<S, C, E, F>, data: C['data']): Order =>
  (handle, given) =>
    handle(decider, { ...given, type: decider.type, data } as unknown as C)

/** What things are called; `base` keeps two populations apart. */
export const namesFrom = (base: number) => ({
  request: (n: number) => uuid(base + 10_000 + n),
  card: (n: number) => uuid(base + 20_000 + n),
  recovery: (n: number) => uuid(base + 30_000 + n),
  revocation: (n: number) => uuid(base + 40_000 + n),
  command: (n: number) => uuid(base + 500_000 + n),
  serial: (n: number) => serialOf(base + n),
  spki: (n: number) => spkiOf(base + n),
})
export type Names = ReturnType<typeof namesFrom>

export const desks = [uuid(81), uuid(82)]
const people = [
  {
    surname: "D'Été-Brûlé",
    givenNames: 'Zoë',
    nameInCertificate: "Zoë D'ÉTÉ-BRÛLÉ",
    matricule: '0012345678',
  },
  { surname: 'Garçon', givenNames: 'Noé', nameInCertificate: 'Noé GARÇON', matricule: '0012345679' },
  { surname: 'Ørsted', givenNames: 'Åse', nameInCertificate: 'Åse ØRSTED', birth: '1990-04-05' },
] as const
const fullName = (holder: number): string => `${people[holder]!.givenNames} ${people[holder]!.surname}`
export const instantOf = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`

/** What a shell looks up before it gives the command. */
export type Looking = Readonly<{
  m: Model
  names: Names
  /** The request whose session is at the desk. */
  atDesk: string | undefined
  /** The event that proves the escrow of a session's key. */
  proof: (session: number) => string
}>

type Make = (look: Looking, ask: Ask) => Order

const mandate = ({ who }: Ask) => (who.role === 'mc' ? { mandate: M } : {})
const holderOf = (m: Model, session: number): number =>
  holders.findIndex(({ person }) => person === m.files[m.sessions[session]!.file]!.person)

/** A demand of `as` under the person number of `on`. */
const demand = ({ m, names }: Looking, { on, choice, who }: Ask, as: number) => {
  const { person, kind } = holders[on]!
  const earlier = m.files.findLastIndex((file) => file.person === person)
  const { surname, givenNames } = people[as]!
  const record = people[as]!
  const agent = 'matricule' in record ? { ...record, siren: '110020013', active: true } : ('unknown' as const)
  const cardKind = cardKindOf(as, choice)
  return order(whileIssuing(issuer, requestCertificate(policy)), {
    request: names.request(m.files.length),
    person: uuid(person),
    drawn: kind === holders[as]!.kind && on === as && earlier < 0,
    holder: {
      ...record,
      kind: holders[as]!.kind,
      email: `${givenNames}.${surname.slice(0, 2)}@douane.example`,
    },
    entity: E,
    cardKind,
    ...(cardKind === 'temporary' ? { temporaryCause: 'forgotten' as const } : {}),
    looked: { readAt: instantOf(m.now), agent, inRaDirectory: false },
    ...{ ra: 'dgddi', profile: 'encryption', escrow: true },
    ...(earlier < 0 ? {} : { earlier: names.request(earlier) }),
    ...(who.role === 'mc' ? { mandate: M } : {}),
  })
}

const planned = ({ m, names, proof }: Looking, on: number, key: string, years: number) => {
  const { file } = m.sessions[on]!
  const notAfter = instantOf(yearsAfter(m.now, years) - 1000)
  return order(planCertificate(policy), {
    ...{ serial: names.serial(on), profile: 'encryption', profileVersion: 1, issuer, spkiSha256: key },
    ...{ escrowEvent: proof(on), request: names.request(file), person: uuid(m.files[file]!.person) },
    ...{ identification: 'full', cardKind: m.files[file]!.cardKind, notBefore: instantOf(m.now), notAfter },
    ...{ policyOid: policy.holder.policyOid, keyUsage: ['keyEncipherment'], tbsSha256: digest, tbs: 'dGJz' },
  })
}

const presented = ({ m, names }: Looking, { on, choice }: Ask) => ({
  serial: names.serial(on),
  presentedSha256: isWrong(choice) ? 'e'.repeat(64) : digest,
  presentedAt: instantOf(m.now),
})

/** The recovery of an old key by the session of a request. */
const sessionOf = ({ m, names }: Looking, { on, choice }: Ask) => ({
  spki: names.spki(m.keys.length === 0 ? 999 : oldKeyOf(m, on, choice)),
  under: { request: names.request(on), session: m.files[on]!.sessions },
})

const outcome = (choice: number) =>
  fails(choice)
    ? ({ recovered: false, stage: 'output', fault: 'x' } as const)
    : ({ recovered: true } as const)

const requestOrders = {
  request: (look, ask) => demand(look, ask, ask.on),
  impersonate: (look, ask) => demand(look, ask, (ask.on + 1) % holders.length),
  renew: ({ m, names }, { on }) =>
    order(whileIssuing(issuer, requestRenewal(policy)), {
      ...{ request: names.request(m.files.length), previous: names.serial(on), issuer },
      rivals: m.files.flatMap(({ previous }, file) => (previous === on ? [names.request(file)] : [])),
      ...{ inReferential: true, cguVersion: '1.0', directoryAgreed: true },
    }),
  acceptCgu: ({ names }, { on }) =>
    order(acceptCgu, {
      ...{ request: names.request(on), cguVersion: '1.0', means: 'portal', directoryAgreed: true },
    }),
  completeDossier: ({ m, names }, ask) =>
    order(completeDossier(policy), {
      request: names.request(ask.on),
      pieces: ['requestForm', 'identityCopy', 'mandate', 'cguSigned'],
      ...{
        oldestSignedOn: dayOf(m.now),
        scans: 'scans',
        documentKind: 'passport',
        documentNumber: '12AB34567',
      },
      ...mandate(ask),
    }),
  verifyIdentity: ({ names }, ask) =>
    order(verifyIdentity, {
      ...{ request: names.request(ask.on), method: 'inPerson', entityTieChecked: true },
      ...{ documentKind: 'passport', documentNumber: '12AB34567' },
      ...mandate(ask),
    }),
  sendBack: ({ names }, ask) =>
    order(returnRequest, {
      request: names.request(ask.on),
      cause: ask.choice % 2 === 0 ? 'piecesMissing' : 'identityDoubtful',
      ...mandate(ask),
    }),
  validate: ({ names }, { on }) => order(validateRequest(policy), { request: names.request(on) }),
  reject: ({ names }, { on }) =>
    order(rejectRequest, { request: names.request(on), cause: 'DOSSIER_INCOMPLETE' }),
  withdraw: ({ names }, ask) =>
    order(closeRequest, { request: names.request(ask.on), cause: 'withdrawn', ...mandate(ask) }),
  lapse: ({ names }, { on }) => order(closeRequest, { request: names.request(on), cause: 'lapsed' }),
  openSession: ({ m, names, atDesk }, { on, choice }) =>
    order(whileIssuing(issuer, openSession), {
      ...{ request: names.request(on), holderPresent: !absent(choice), desk: desks[deskOf(choice)]! },
      ...{
        serial: names.serial(m.sessions.length),
        card: names.card(cardOf(m, choice)),
        slots: 12,
        keySizes: [3072],
      },
      earlier: m.sessions
        .flatMap(({ file }, n) => (m.files[file]!.person === m.files[on]!.person ? [names.serial(n)] : []))
        .reverse(),
      ...(atDesk === undefined ? {} : { atDesk }),
    }),
  closeSession: ({ names }, { on }) =>
    order(closeSession, { request: names.request(on), outcome: 'abandoned' }),
  handOver: ({ names }, { on }) => order(handOverCard, { request: names.request(on), receipt: 'PV signé' }),
} satisfies Partial<Record<Kind, Make>>

const issuanceOrders = {
  allot: ({ m, names }, { on }) => {
    const session = liveSession(m, on) ?? m.files[on]!.session
    const { card, recover } = session === undefined ? { card: 999, recover: [] } : m.sessions[session]!
    return order(allotCard(policy), {
      ...{ card: names.card(card), request: names.request(on), model: 'software-qscd' },
      ...{ chipNumber: `8925 ${card}`, kind: m.files[on]!.cardKind },
      serials: [...(session === undefined ? [] : [session]), ...recover].map(names.serial),
    })
  },
  bind: ({ m, names }, { on, choice }) =>
    order(bindPublicKey, {
      ...{ spki: names.spki(keyTried(m, on, choice)), serial: names.serial(on), custody: 'escrow' },
      ...{ request: names.request(m.sessions[on]!.file), session: m.sessions[on]!.nth, algorithm: 'rsa3072' },
    }),
  escrow: ({ m, names }, { on, choice }) => {
    const { file } = m.sessions[on]!
    const [now, until] = [instantOf(m.now), instantOf(yearsAfter(m.now, isWrong(choice) ? 11 : 10))]
    return order(escrowKey(policy), {
      ...{ spki: names.spki(on), serial: names.serial(on), person: uuid(m.files[file]!.person) },
      ...{ request: names.request(file), blobSha256: digest, recordMac: digest, kek: uuid(60) },
      ...{ generatedAt: now, testedAt: now, from: now, until },
      ...{ holderName: fullName(holderOf(m, on)), entity: E },
    })
  },
  plan: (look, { on, choice }) => planned(look, on, look.names.spki(on), isWrong(choice) ? 4 : 3),
  planOnAnothersKey: (look, { on }) => {
    const other = look.m.sessions.length === 1 ? 999 : (on + 1) % look.m.sessions.length
    return planned(look, on, look.names.spki(other), 3)
  },
  sign: ({ names }, { on }) =>
    order(recordCertificate, {
      ...{ serial: names.serial(on), signatureAlgorithm: 'sha256WithRSA', signature: 'c2ln' },
      certSha256: digest,
    }),
  abandon: ({ names }, { on }) =>
    order(abandonCertificate, {
      ...{ serial: names.serial(on), cause: 'sessionLost', findings: [], maybeSigned: false },
    }),
  accept: (look, ask) => order(acceptCertificate, presented(look, ask)),
  refuse: (look, ask) =>
    order(refuseCertificate(policy), {
      ...presented(look, ask),
      cause: ask.who.role === 'holder' ? 'contentWrong' : 'noAnswer',
    }),
  takeOldKey: (look, ask) => {
    const { spki, under } = sessionOf(look, ask)
    const { session } = look.m.files[ask.on]!
    const card = look.names.card(session === undefined ? 999 : look.m.sessions[session]!.card)
    return order(startKeyRecovery(policy), { spki, regime: 'newCard', ...under, card })
  },
  oldKeyTaken: (look, ask) => order(recordKeyRecovery, { ...sessionOf(look, ask), ...outcome(ask.choice) }),
  write: ({ names }, { on }) =>
    order(recordCardWriting, { card: names.card(on), written: true, decryptionTested: true }),
  spoil: ({ names }, { on }) =>
    order(recordCardWriting, { card: names.card(on), written: false, stage: 'write', fault: 'x' }),
  definePin: ({ names }, { on }) => order(definePin(policy), { card: names.card(on) }),
  release: ({ names }, { on }) => order(releaseCard, { card: names.card(on), cause: 'abandoned' }),
  report: ({ names }, ask) =>
    order(reportCard, { card: names.card(ask.on), incident: incidentOf(ask.choice), ...mandate(ask) }),
  unblock: ({ names }, { on }) =>
    order(startUnblocking, {
      ...{ card: names.card(on), askedBy: 'holder', identityMethod: 'inPerson', method: 'puk' },
      documentNumber: '880692310285',
    }),
  unblocked: ({ names }, { on, choice }) =>
    order(recordUnblocking, {
      card: names.card(on),
      ...(fails(choice) ? { unblocked: false, fault: 'pukWrong' } : { unblocked: true }),
    }),
  scrap: ({ names }, { on, who }) =>
    order(scrapCard, {
      card: names.card(on),
      ...(who.role === 'program'
        ? { cause: 'spoiled', method: 'erased' }
        : { cause: 'faulty', method: 'shredded' }),
    }),
} satisfies Partial<Record<Kind, Make>>

/** A request for revocation, as far as every channel has it. */
const asking = ({ m, names }: Looking, on: number) => ({
  ...{ serial: names.serial(on), revocation: names.revocation(m.revocations) },
  ...{ requesterName: 'Zoë', receivedAt: instantOf(m.now), cause: 'cardLost' as const },
})

const claimOrders = {
  revokeByHolder: (look, { on, choice }) =>
    order(requestRevocation(policy), {
      ...{ ...asking(look, on), channel: 'portal', signatureForm: 'none' },
      holderName: isWrong(choice) ? 'Personne' : fullName(holderOf(look.m, on)),
    }),
  askRevocation: (look, { on, choice }) =>
    order(requestRevocation(policy), {
      ...{ ...asking(look, on), channel: 'email', ra: 'dgddi' },
      signatureForm: isWrong(choice) ? 'none' : 'handwritten',
    }),
  authenticate: ({ m, names }, { on, choice }) =>
    order(revokeCertificate, {
      ...{ serial: names.serial(on), origin: 'request' },
      revocation: names.revocation(askedOf(m, on, choice) ?? 9_999),
      authentication: isWrong(choice) ? 'portal' : 'signature',
    }),
  rejectRevocation: ({ m, names }, { on, choice }) =>
    order(rejectRevocation, {
      ...{ serial: names.serial(on), cause: 'REVOCATION_NOT_AUTHENTICATED' },
      revocation: names.revocation(askedOf(m, on, choice) ?? 9_999),
    }),
  revokeUndelivered: ({ names }, { on }) =>
    order(revokeCertificate, { serial: names.serial(on), origin: 'undelivered' }),
  revokeOfCard: ({ names }, { on }) =>
    order(revokeCertificate, { serial: names.serial(on), origin: 'cardScrapped', cause: 'cardFaulty' }),
  askRecovery: ({ m, names }, { on, choice, who }) =>
    order(requestRecovery, {
      ...{ recovery: names.recovery(m.recoveries.length), serial: names.serial(on) },
      nameGiven: isWrong(choice) ? 'Personne' : fullName(holderOf(m, on)),
      ...(who.role === 'holder'
        ? { requesterRole: 'holder', requester: uuid(who.person), ground: 'holderRequest' }
        : { requesterRole: 'legalAuthority', requester: uuid(authorityAtLaw), ground: 'judicial' }),
      ...{ represents: 'Tribunal judiciaire', legalBasis: 'ordonnance', holderNotice: true },
      evidence: choice % 11 === 10 ? ' ' : 'pièce',
    }),
  approve: ({ names }, { on }) =>
    order(approveRecovery(policy), {
      ...{ recovery: names.recovery(on), statement: 'vu' },
    }),
  startRecovery: ({ m, names }, { on, choice }) =>
    order(startKeyRecovery(policy), {
      ...{ spki: names.spki(keyOf(m, on, choice)), regime: 'approved', recovery: names.recovery(on) },
      recipient: uuid(m.recoveries[on]!.requester),
    }),
  recovered: ({ m, names }, { on, choice }) =>
    order(recordKeyRecovery, {
      spki: names.spki(m.recoveries[on]!.certificate),
      under: { recovery: names.recovery(on) },
      ...(fails(choice) ? outcome(choice) : { recovered: true, outputSha256: digest }),
    }),
  deliver: ({ names }, { on }) => order(deliverRecovery, { recovery: names.recovery(on), receipt: 'reçu' }),
  rejectRecovery: ({ names }, { on }) =>
    order(rejectRecovery, { recovery: names.recovery(on), cause: 'unfounded' }),
  withdrawRecovery: ({ names }, { on }) =>
    order(closeRecovery, { recovery: names.recovery(on), cause: 'withdrawn' }),
  expireRecovery: ({ names }, { on }) =>
    order(closeRecovery, { recovery: names.recovery(on), cause: 'expired' }),
  stop: () => order(stopIssuance, { issuer, cause: 'control' }),
  resume: () => order(resumeIssuance, { issuer }),
} satisfies Partial<Record<Kind, Make>>

/** Time passes without a command. */
export const orders: Readonly<Record<Exclude<Kind, 'wait'>, Make>> = {
  ...requestOrders,
  ...issuanceOrders,
  ...claimOrders,
}
