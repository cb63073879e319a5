// CGU-44: « La clé privée à recouvrer est identifiée par le numéro de série du certificat associé et le nom du porteur
// associé. » CGU-47: who may ask; domain/policy/recovery.ts has the rules. An officer records what others ask for.
import type { Appointment } from '../domain/appointment.ts'
import { certificate, type Certificate } from '../domain/certificate.ts'
import {
  accept,
  refuse,
  type Actor,
  type Command,
  type Decider,
  type Decision,
  type Fold,
  type Instant,
} from '../domain/kernel.ts'
import { escrowed, key, type Key } from '../domain/key.ts'
import type { Ground, Role } from '../domain/lists.ts'
import { appointmentInForce } from '../domain/policy/mandate.ts'
import { namesOf, sameName } from '../domain/policy/names.ts'
import { groundFits, mayAskRecovery, mayWithholdNotice, standsForEntity } from '../domain/policy/recovery.ts'
import { escrowRuns } from '../domain/policy/validity.ts'
import type { Request } from '../domain/request.ts'
import { recovery, type Recovery, type RecoveryEvent } from '../domain/recovery.ts'
import { spkiOf } from '../pki/fields.ts'
import { recipientFault } from '../pki/recipient.ts'
import { derOf, sha256 } from './issuing.ts'
import { foldMandate } from './mandates.ts'
import { fileOf } from './requestRevocation.ts'

export type RequestRecovery = Command<
  'RequestRecovery',
  {
    recovery: string
    serial: string
    nameGiven: string
    requesterRole: Role
    requester: string
    represents?: string
    /** A representative's appointment. */
    mandate?: string
    legalBasis?: string
    ground: Ground
    evidence: string
    holderNotice: boolean
    /** The certificate that the key is enciphered to: one of this authority's, or another one, DER in base64. */
    recipientSerial?: string
    recipientCertificate?: string
  }
>

type Subject = Readonly<{
  certificate: Certificate
  key: Key
  /** The file that it was issued on. */
  file: Request
  appointment: Appointment | undefined
  recipient: Certificate | undefined
}>

/** A holder asks for himself, and for a key of his own. */
const notForAnother = ({ person }: Actor, requester: string, of: Key): Decision<never> | undefined => {
  const held = escrowed(of)
  return requester !== person || (held !== undefined && held.person !== person)
    ? refuse('CGU-47', 'RECOVERY_REQUESTER_NOT_ENTITLED', 'serial')
    : undefined
}

/** CGU-47: the holder himself, signed in; for everybody else an officer records. */
const notEntitled = ({ data, by, at }: RequestRecovery, subject: Subject): Decision<never> | undefined => {
  const { requesterRole: role, requester } = data
  if (!mayAskRecovery(role) || (role === 'holder') !== (by.role === 'holder'))
    return refuse('CGU-47', 'RECOVERY_REQUESTER_NOT_ENTITLED', role)
  if (by.role === 'holder') return notForAnother(by, requester, subject.key)
  // Who records what somebody else asks for is not the one who asks (CGU-04).
  if (requester === by.person) return refuse('CGU-04', 'SELF_APPROVAL', by.role)
  // An authority asks by its own law, which `legalBasis` names; one that shows an appointment is held to it.
  const isAppointed = standsForEntity(role) || data.mandate !== undefined
  if (!isAppointed || stands(subject, { person: requester, role, at })) return undefined
  return refuse('CGU-47', 'RECOVERY_REQUESTER_NOT_ENTITLED', 'mandate')
}

/** CGU-46: « le représentant légal de l’entité du porteur ou un représentant dument accrédité », for that entity. An authority is bound to none. */
const stands = (subject: Subject, use: Readonly<{ person: string; role: Role; at: Instant }>): boolean => {
  if (subject.appointment === undefined) return false
  const entity = standsForEntity(use.role) ? escrowed(subject.key)?.entity : undefined
  // A legal representative acts by the law.
  const power = use.role === 'legalRepresentative' ? {} : { power: 'recover' as const }
  return appointmentInForce(subject.appointment, {
    ...use,
    ...power,
    ...(entity === undefined ? {} : { entity }),
  })
}

const blank = (text: string | undefined): boolean => (text ?? '').trim() === ''

/** CGU-46, CGU-47: a ground that fits who asks, its evidence, and for an authority who it is and what allows it to ask. */
const unfounded = ({ data }: RequestRecovery): Decision<never> | undefined => {
  const { requesterRole, ground, evidence, holderNotice } = data
  if (!groundFits(requesterRole, ground) || blank(evidence))
    return refuse('CGU-46', 'RECOVERY_GROUND_MISSING', blank(evidence) ? 'evidence' : 'ground')
  if (!holderNotice && !mayWithholdNotice(ground))
    return refuse('CGU-46', 'RECOVERY_GROUND_MISSING', 'holderNotice')
  if (requesterRole === 'legalAuthority' && (blank(data.legalBasis) || blank(data.represents)))
    return refuse('CGU-47', 'RECOVERY_GROUND_MISSING', 'legalBasis')
  return undefined
}

const unusable = (why: string): Decision<never> => refuse('CGU-46', 'RECIPIENT_CERTIFICATE_UNUSABLE', why)

/** One of this authority's is the requester's own, and live. */
const notHis = (recipient: Certificate | undefined, requester: string): Decision<never> | undefined => {
  if (recipient?.status === 'revoked') return unusable('revoked')
  if (recipient === undefined || !('person' in recipient) || recipient.person === requester) return undefined
  return refuse('CGU-47', 'RECOVERY_REQUESTER_NOT_ENTITLED', 'recipientSerial')
}

/** Nothing can be enciphered to it, or only to the key that is to be recovered: it would be lost a second time. */
const unfit = (der: Uint8Array, subject: Certificate, at: Instant): Decision<never> | undefined => {
  const fault = recipientFault(der, at)
  if (fault !== undefined) return unusable(fault)
  const isOwn = 'spkiSha256' in subject && sha256(spkiOf(der)) === subject.spkiSha256
  return isOwn ? unusable('ownKey') : undefined
}

/** The recipient's certificate as it is recorded, and whether a key can be handed over to it. */
const recipientOf = (
  { data, at }: RequestRecovery,
  { recipient, certificate: subject }: Subject,
): Readonly<{ der?: string }> | Decision<never> => {
  const { recipientCertificate: given, requester } = data
  if (recipient === undefined && given === undefined) return {}
  const der = recipient === undefined ? Buffer.from(given ?? '', 'base64') : derOf(recipient)
  if (der === undefined) return unusable('unknown')
  const refusal = notHis(recipient, requester) ?? unfit(der, subject, at)
  return refusal ?? { der: Buffer.from(der).toString('base64') }
}

/** CGU-44, CGU-48: what makes the request fail as soon as it is made. */
const failing = (nameMatches: boolean, inTerm: boolean) => {
  if (!nameMatches) return { cause: 'IDENTIFIER_MISMATCH', clause: 'CGU-44' } as const
  return inTerm ? undefined : ({ cause: 'ESCROW_TERM_ENDED', clause: 'CGU-48' } as const)
}

/** CGU-44: « le nom du porteur associé », as the escrow has it, and as it stands in the certificate. */
const namesKnown = ({ key: of, file }: Subject): readonly string[] => {
  const name = escrowed(of)?.holderName
  if (name === undefined) return []
  return [name, ...(file.status === 'unknown' || file.identity === undefined ? [] : namesOf(file.identity))]
}

const requestedBy = (
  { data, by, at }: RequestRecovery,
  subject: Subject,
  der: string | undefined,
): Decision<RecoveryEvent> => {
  const kept = escrowed(subject.key)
  const nameMatches = namesKnown(subject).some((name) => sameName(name, data.nameGiven))
  const inTerm = kept !== undefined && escrowRuns(kept.until, at)
  const failed = failing(nameMatches, inTerm)
  const { recovery: _, recipientSerial: __, recipientCertificate: ___, mandate, ...asked } = data
  return accept<RecoveryEvent>(
    {
      type: 'RecoveryRequested',
      data: {
        ...asked,
        ...('spkiSha256' in subject.certificate ? { key: subject.certificate.spkiSha256 } : {}),
        ...{ nameMatches, inTerm, output: der === undefined ? 'pkcs12' : 'cms' },
        ...{ recipient: data.requester, recorder: by.person },
        ...(mandate === undefined ? {} : { appointment: mandate }),
        ...(der === undefined ? {} : { recipientCertificate: der }),
      },
    },
    ...(failed === undefined
      ? []
      : [{ type: 'RecoveryRejected' as const, data: { ...failed, decider: by.person } }]),
  )
}

/** The serial of a certificate of this authority that is given as octets: it is known by its key. */
const ownSerialOf = async (
  fold: Fold,
  given: string | undefined,
  at: Instant,
): Promise<string | undefined> => {
  const der = Buffer.from(given ?? '', 'base64')
  if (given === undefined || recipientFault(der, at) !== undefined) return undefined
  const bound = await fold(key, sha256(spkiOf(der)))
  return 'serial' in bound ? bound.serial : undefined
}

export const requestRecovery: Decider<Recovery, RequestRecovery, RecoveryEvent, Subject> = {
  type: 'RequestRecovery',
  who: ['holder', 'recoveryOfficer'],
  aggregate: recovery,
  stream: ({ data }) => data.recovery,
  facts: async (fold, command) => {
    const { serial, recipientSerial, recipientCertificate } = command.data
    const signed = await fold(certificate, serial)
    const named = recipientSerial ?? (await ownSerialOf(fold, recipientCertificate, command.at))
    return {
      certificate: signed,
      key: 'spkiSha256' in signed ? await fold(key, signed.spkiSha256) : key.initial,
      file: await fileOf(fold, signed),
      appointment: await foldMandate(fold, command),
      recipient: named === undefined ? undefined : await fold(certificate, named),
    }
  },
  decide: (command, state, subject) => {
    if (state.status !== 'unknown') return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    const { data } = command
    if (blank(data.nameGiven) || data.serial === '') return refuse('CGU-44', 'IDENTIFIER_INCOMPLETE', 'name')
    const refusal = notEntitled(command, subject) ?? unfounded(command)
    if (refusal) return refusal
    const recipient = recipientOf(command, subject)
    if ('refused' in recipient || 'accepted' in recipient) return recipient
    return requestedBy(command, subject, recipient.der)
  },
}
