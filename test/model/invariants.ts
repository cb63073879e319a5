// What must never be found in a ledger, whoever wrote it: looked for in the events alone, without folds, deciders or the model.
import type { RequestEvent } from '../../domain/request.ts'
import type { CardEvent } from '../../domain/card.ts'
import type { CertificateEvent } from '../../domain/certificate.ts'
import type { KeyEvent } from '../../domain/key.ts'
import type { RecoveryEvent } from '../../domain/recovery.ts'
import type { Told } from './world.ts'

type Known = RequestEvent | CardEvent | CertificateEvent | KeyEvent | RecoveryEvent
type Type = Known['type']
type Of<T extends Type> = Extract<Known, { type: T }>
export type Found<T extends Type> = Readonly<{ rank: number; id: string; at: Told; data: Of<T>['data'] }>

const idOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1)

/** The ledger, asked by type. */
const reading = (events: readonly Told[]) => {
  const byType = new Map<string, { rank: number; at: Told; id: string; data: object }[]>()
  for (const [rank, at] of events.entries()) {
    const { type, data } = at.event
    const found = byType.get(type) ?? []
    byType.set(type, found)
    found.push({ rank, at, id: idOf(at.stream), data })
  }
  const all = <T extends Type>(...types: readonly T[]) =>
    types.flatMap((type) => byType.get(type) ?? []) as unknown as readonly Found<T>[]
  const before = <T extends Type>(rank: number, type: T): readonly Found<T>[] =>
    all(type).filter((one) => one.rank < rank)
  return { all, before }
}
type Reading = ReturnType<typeof reading>
type Check = (ledger: Reading, events: readonly Told[]) => readonly string[]

const tell = (clause: string, says: string, where: readonly { rank: number }[]): readonly string[] =>
  where.map(({ rank }) => `${clause} ${says} (rank ${rank})`)

/** The request's own dates are the person's; the name of the stream is the request. */
const personOf = ({ all }: Reading, request: string): string | undefined =>
  all('CertificateRequested').find(({ id }) => id === request)?.data.person

const escrowBeforeIssue: Check = ({ all, before }) =>
  tell(
    'CGU-38',
    'issued without an escrowed key of this serial',
    all('CertificateIssued').filter(({ id, rank }) => {
      const plan = before(rank, 'CertificatePlanned').find((one) => one.id === id)
      const escrow = before(plan?.rank ?? 0, 'KeyEscrowed').find(({ data }) => data.serial === id)
      return (
        plan === undefined ||
        escrow === undefined ||
        escrow.id !== plan.data.spkiSha256 ||
        escrow.at.id !== plan.data.escrowEvent
      )
    }),
  )

const changing: readonly string[] = [
  ...['CertificatePlanned', 'CertificateIssued', 'CertificateAbandoned', 'CertificateAccepted'],
  ...['CertificateRefused', 'CertificateRevoked', 'RevocationRequested', 'RevocationRejected'],
]

/** CGU-75: once revoked, always revoked; and what was abandoned is never issued. */
const final: Check = (_, events) => {
  const ended = new Set<string>()
  const found: string[] = []
  for (const [rank, { stream, event }] of events.entries()) {
    if (ended.has(stream) && changing.includes(event.type))
      found.push(...tell('CGU-75', `${event.type} after the end`, [{ rank }]))
    if (event.type === 'CertificateRevoked' || event.type === 'CertificateAbandoned') ended.add(stream)
  }
  return found
}

/** CGU-34: at no rank two live sessions of one desk, or of one request. */
const oneSession: Check = (_, events) => {
  const live = new Map<string, string | undefined>()
  const found: string[] = []
  for (const [rank, { stream, event }] of events.entries()) {
    const { type, data } = event as Known
    if (type === 'SessionOpened') {
      if (live.has(stream)) found.push(...tell('CGU-34', 'two sessions of a request', [{ rank }]))
      if (data.desk !== undefined && [...live.values()].includes(data.desk))
        found.push(...tell('CGU-34', 'two sessions at a desk', [{ rank }]))
      live.set(stream, data.desk)
    }
    if (type === 'CardHandedOver' || type === 'SessionClosed') live.delete(stream)
  }
  return found
}

/** CGU-34: no card is taken by a session while another one that has it is open. */
const oneCard: Check = ({ all, before }) =>
  tell(
    'CGU-34',
    'a card in two sessions',
    all('CardAllotted').filter(({ id, rank }) => {
      const last = before(rank, 'CardAllotted').findLast((one) => one.id === id)
      if (last === undefined) return false
      const over = [...before(rank, 'SessionClosed'), ...before(rank, 'CardHandedOver')].some(
        (one) => one.id === last.data.request && one.data.session === last.data.session,
      )
      const released = before(rank, 'CardReleased').some((one) => one.id === id && one.rank > last.rank)
      return !over && !released
    }),
  )

/** CGU-46: an approved recovery rests on two persons, none of them concerned, whose approvals still hold at that instant. */
const twoApprovals: Check = (ledger) => {
  const { all, before } = ledger
  return tell(
    'CGU-46',
    'a key was recovered without two approvals',
    all('KeyRecoveryStarted')
      .filter(({ data }) => data.regime === 'approved')
      .filter(({ id, rank, at, data }) => {
        const asked = before(rank, 'RecoveryRequested').find((one) => one.id === data.recovery)
        const escrow = before(rank, 'KeyEscrowed').find((one) => one.id === id)
        if (asked === undefined || escrow === undefined || asked.data.key !== id) return true
        const { requester, recorder, recipient } = asked.data
        const concerned: readonly unknown[] = [requester, recorder, recipient, escrow.data.person]
        const approvers = before(rank, 'RecoveryApproved')
          .filter((one) => one.id === data.recovery && at.occurredAt < one.data.expiresAt)
          .map((one) => one.data.approver as unknown)
          .filter((approver) => !concerned.includes(approver))
        return new Set(approvers).size < 2
      }),
  )
}

/** CGU-41, CGU-48: no key leaves the escrow after its term, nor twice at a time. */
const withinTerm: Check = ({ all, before }) =>
  tell(
    'CGU-48',
    'a key was recovered after its term, or while it was being recovered',
    all('KeyRecoveryStarted').filter(({ id, rank, at }) => {
      const escrow = before(rank, 'KeyEscrowed').find((one) => one.id === id)
      const [started, done] = [
        before(rank, 'KeyRecoveryStarted').filter((one) => one.id === id).length,
        [...before(rank, 'KeyRecovered'), ...before(rank, 'KeyRecoveryFailed')].filter((one) => one.id === id)
          .length,
      ]
      return escrow === undefined || escrow.data.until <= at.occurredAt || started !== done
    }),
  )

/** CGU-42, CGU-43: a new card takes its holder's own keys, and only in the session that was opened with them. */
const ownOldKeys: Check = (ledger) => {
  const { all, before } = ledger
  return tell(
    'CGU-43',
    "a card took another's key, or one that its session was not opened with",
    all('KeyRecoveryStarted')
      .filter(({ data }) => data.regime === 'newCard')
      .filter(({ id, rank, data }) => {
        const escrow = before(rank, 'KeyEscrowed').find((one) => one.id === id)
        const opened = before(rank, 'SessionOpened').find(
          (one) => one.id === data.request && one.data.session === data.session,
        )
        const over = [...before(rank, 'SessionClosed'), ...before(rank, 'CardHandedOver')].some(
          (one) => one.id === data.request && one.data.session === data.session,
        )
        return (
          escrow === undefined ||
          opened === undefined ||
          over ||
          !opened.data.recover.includes(escrow.data.serial) ||
          personOf(ledger, data.request ?? '') !== escrow.data.person
        )
      }),
  )
}

/** CGU-35, CGU-37, CGU-50: what is handed over is the session's own card, with its PIN, and the certificate accepted. */
const handedOver: Check = ({ all, before }) =>
  tell(
    'CGU-35',
    'a card was handed over that was not made in the session, accepted and given its PIN',
    all('CardHandedOver').filter(({ id, rank, data }) => {
      const session = before(rank, 'SessionOpened').find(
        (one) => one.id === id && one.data.session === data.session,
      )
      const allotted = before(rank, 'CardAllotted').findLast((one) => one.id === data.card)
      const serial = session?.data.serial ?? ''
      const ofCard = (type: 'CardWritten' | 'CardPinDefined') =>
        before(rank, type).some((one) => one.id === data.card && one.rank > (allotted?.rank ?? rank))
      return (
        allotted?.data.request !== id ||
        allotted.data.session !== data.session ||
        !data.serials.includes(serial) ||
        !ofCard('CardWritten') ||
        !ofCard('CardPinDefined') ||
        !before(rank, 'CertificateAccepted').some((one) => one.id === serial)
      )
    }),
  )

/** CGU-60: one serial a key, and one key a certificate. */
const oneSerial: Check = ({ all, before }) => [
  ...tell(
    'CGU-60',
    'a key has two serials',
    all('PublicKeyBound').filter(({ id, rank }) =>
      before(rank, 'PublicKeyBound').some((one) => one.id === id),
    ),
  ),
  ...tell(
    'CGU-60',
    'two certificates have one key',
    all('CertificatePlanned').filter(({ rank, data }) =>
      before(rank, 'CertificatePlanned').some((one) => one.data.spkiSha256 === data.spkiSha256),
    ),
  ),
]

const numbersOf = ({ surname, matricule, birth }: Of<'CertificateRequested'>['data']): string =>
  JSON.stringify([surname, matricule ?? birth])

/** CGU-04: one person number, which is in the name of the certificate, for one human being. */
const onePerson: Check = ({ all, before }) =>
  tell(
    'CGU-04',
    'two people have one number, or one has two',
    all('CertificateRequested').filter(({ rank, data }) =>
      before(rank, 'CertificateRequested').some(
        (one) => (one.data.person === data.person) !== (numbersOf(one.data) === numbersOf(data)),
      ),
    ),
  )

/** CGU-04: nobody verifies, validates, opens or hands over for himself. */
const notForHimself: Check = (ledger) =>
  tell(
    'CGU-04',
    'somebody verified or validated for himself',
    ledger
      .all('IdentityVerified', 'RequestValidated')
      .filter(({ id, data }) =>
        ['verifier' in data ? data.verifier : data.validator].includes(personOf(ledger, id) ?? ''),
      ),
  )

/** CGU-75: revoked on a request that was authenticated, or ex officio. */
const authenticated: Check = ({ all, before }) =>
  tell(
    'CGU-75',
    'revoked without an authenticated request',
    all('CertificateRevoked').filter(({ id, rank, data }) => {
      if (data.revocation === undefined) return data.authentication !== 'exOfficio'
      const asked = before(rank, 'RevocationRequested').find((one) => one.data.revocation === data.revocation)
      const proofs: readonly string[] =
        asked?.data.channel === 'portal' ? ['portal'] : ['signature', 'callback']
      const rejected = before(rank, 'RevocationRejected').some(
        (one) => one.data.revocation === data.revocation,
      )
      return asked?.id !== id || rejected || !proofs.includes(data.authentication)
    }),
  )

const checks: readonly Check[] = [
  ...[
    escrowBeforeIssue,
    final,
    oneSession,
    oneCard,
    twoApprovals,
    withinTerm,
    ownOldKeys,
    handedOver,
    oneSerial,
  ],
  ...[onePerson, notForHimself, authenticated],
]

/** Everything that a ledger breaks: the clause, what was found, and where. */
export const broken = (events: readonly Told[]): readonly string[] => {
  const ledger = reading(events)
  return checks.flatMap((check) => check(ledger, events))
}
