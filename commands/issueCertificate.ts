// P1, steps 5 to 9 of a session: bind a new key, escrow it, sign the certificate, recover the old keys, write the card.
// Every step may be the last before a crash: the same process, given the same request again, goes on from what the ledger
// says. Before KeyEscrowed there is no certificate; after it there is one, or an abandonment. (events.md section 4)
import { card } from '../domain/card.ts'
import { certificate } from '../domain/certificate.ts'
import { entity } from '../domain/entity.ts'
import { digestsOf } from '../domain/policy/subject.ts'
import { verifiedAt } from '../domain/policy/entity.ts'
import { escrowUntil, notAfterOf } from '../domain/policy/validity.ts'
import { request, type RequestFile, type Session } from '../domain/request.ts'
import { eventIdOf, systemCommandId } from '../ledger/ids.ts'
import { holderTbs } from '../pki/certificate.ts'
import type { Cards, Escrow } from '../pki/custody.ts'
import { bindSubjectName } from './bindSubjectName.ts'
import { recordCardWriting } from './cards.ts'
import { keysForCard } from './cardKeys.ts'
import { tryWriting } from './writeCard.ts'
import { derOf, signCertificate, type IssuingCa } from './issuing.ts'
import { bindPublicKey, escrowKey } from './keys.ts'
import { orRefused } from './keyRefusals.ts'
import { perform, ProcessRefused, type Service } from './program.ts'

export type Issuance = Readonly<{
  service: Service
  ca: IssuingCa
  escrow: Escrow
  cards: Cards
  /** Keyed digest of a name in a certificate, or of whose it is. */
  subjectMac: (text: string) => string
}>

type Case = Readonly<{ request: string; file: RequestFile; session: Session }>

const circumstancesOf = ({ request: id }: Case) => ({ correlationId: id })

/**
 * Carries a session from wherever it stands to a written card.
 * @returns the serial of the certificate
 * @throws ProcessRefused, LintRefused; CardUnreachable, CardFault of another card in its place, faults of the ledger or of custody: call it again
 */
export const issueCertificate = async (tools: Issuance, requestId: string): Promise<string> => {
  const file = (await tools.service.ledger.load(request, requestId)).state
  if (file.status !== 'inSession' || file.session === undefined)
    throw new ProcessRefused('IssueCertificate', 'OUT_OF_ORDER', 'CGU-34', file.status)
  const session: Case = { request: requestId, file, session: file.session }
  const { serial } = session.session
  const allotted = (await tools.service.ledger.load(card, session.session.card)).state
  if (allotted.status === 'written' || allotted.status === 'inUse') return serial
  if (allotted.status !== 'allotted')
    throw new ProcessRefused('IssueCertificate', 'OUT_OF_ORDER', 'CGU-34', `card ${allotted.status}`)
  const spkiSha256 = await escrowedKey(tools, session)
  await signed(tools, session, spkiSha256)
  await writeCard(tools, session)
  return serial
}

const asked = (stream: string) => ({ command: 'EscrowKey', stream, clause: 'CGU-38' })

const reserved = ({ service, escrow }: Issuance, serial: string) =>
  orRefused(service, asked(`certificate-${serial}`), () => escrow.reserve(serial))

/** CGU-38, CGU-60: a key of its own for this serial, bound by its name and kept before anything is signed. */
const escrowedKey = async (tools: Issuance, session: Case): Promise<string> => {
  const { service, escrow } = tools
  const { serial, number } = session.session
  const { identity, person } = session.file
  if (identity === undefined)
    throw new ProcessRefused('EscrowKey', 'PERSONAL_DATA_DESTROYED', 'CGU-116', 'holder')
  for (;;) {
    const { spkiSha256 } = await reserved(tools, serial)
    try {
      const bound = {
        serial,
        custody: 'escrow',
        request: session.request,
        session: number,
        algorithm: 'rsa3072',
      } as const
      await perform(service, bindPublicKey, {
        key: `${serial}|${spkiSha256}`,
        data: { spki: spkiSha256, ...bound },
        circumstances: circumstancesOf(session),
      })
    } catch (error) {
      if (!(error instanceof ProcessRefused) || error.code !== 'PUBLIC_KEY_TAKEN') throw error
      await escrow.discard(serial)
      continue
    }
    const from = service.now()
    const until = escrowUntil(from, service.policy.escrow.years)
    const record = await orRefused(service, asked(`key-${spkiSha256}`), () =>
      escrow.keep({ serial, person, from, until }),
    )
    await perform(service, escrowKey(service.policy), {
      key: serial,
      data: {
        ...record,
        spki: spkiSha256,
        serial,
        person,
        request: session.request,
        holderName: `${identity.givenNames} ${identity.surname}`,
        entity: identity.entity,
      },
      circumstances: circumstancesOf(session),
    })
    return spkiSha256
  }
}

const signed = async (tools: Issuance, session: Case, spkiSha256: string): Promise<void> => {
  const { service, ca } = tools
  const { file } = session
  const { serial } = session.session
  if (derOf((await service.ledger.load(certificate, serial)).state) !== undefined) return
  const { identity, person } = file
  if (identity === undefined)
    throw new ProcessRefused('PlanCertificate', 'PERSONAL_DATA_DESTROYED', 'CGU-116', 'holder')
  const notBefore = service.now()
  const employer = (await service.ledger.load(entity, identity.entity)).state
  if (!verifiedAt(employer, notBefore) || employer.name === undefined)
    throw new ProcessRefused('PlanCertificate', 'ENTITY_NOT_VERIFIED', 'CGU-24', 'entity')
  const { spki } = await reserved(tools, serial)
  const notAfter = notAfterOf(notBefore, service.policy.holder.validityYears)
  const subject = { ...identity, person, entity: { name: employer.name, siren: employer.siren } }
  const email = identity.email
  // CGU-04: nobody else has had this name, and nobody else will.
  await perform(service, bindSubjectName, {
    key: serial,
    data: {
      digests: digestsOf(tools.subjectMac, service.policy.holder.country, subject),
      ...{ person, request: session.request },
    },
    circumstances: circumstancesOf(session),
  })
  await signCertificate(service, ca, {
    serial,
    profile: 'encryption',
    tbs: holderTbs(service.policy, { serial, notBefore, notAfter, spki, issuer: ca.issuer, subject, email }),
    plan: {
      spkiSha256,
      escrowEvent: eventIdOf(systemCommandId('EscrowKey', serial), 0),
      request: session.request,
      person,
      identification: file.identified ?? 'full',
      cardKind: file.cardKind,
      notBefore,
      notAfter,
      policyOid: file.policyOid,
      keyUsage: ['keyEncipherment'],
    },
    circumstances: circumstancesOf(session),
  })
}

/** CGU-42, CGU-43: the new key and every old one still in escrow, tested by decryption, before the PIN is set. */
const writeCard = async (tools: Issuance, session: Case): Promise<void> => {
  const { service, cards } = tools
  const { card: id, serial, recover } = session.session
  const outcome = await tryWriting(cards, {
    ...{ card: id, serials: [serial, ...recover] },
    keysFor: (transportKey) => keysForCard(tools, session, transportKey),
  })
  await perform(service, recordCardWriting, {
    key: `${id}|${session.request}|${session.session.number}`,
    data: { card: id, ...outcome },
    circumstances: circumstancesOf(session),
  })
  if (!outcome.written)
    throw new ProcessRefused('RecordCardWriting', 'OUT_OF_ORDER', 'CGU-34', `card spoiled: ${outcome.fault}`)
}
