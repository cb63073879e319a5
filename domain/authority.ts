// Authorities: the root and the issuing CA, `authority-<issuer>`, and the end of the CA's life in its order (CGU-13, CGU-80 to
// CGU-91, CGU-105).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { code, d, h, id, n, sn, t, text, x } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { obligation, stopCause, terminationKind, terminationParty } from './lists.ts'

// `servicekey`: the key that is certified; `signer`: the key that signs it, which for the root is the same.
const CaCertificatePlanned = event('CaCertificatePlanned', {
  pub: { tbs: x, notAfter: t, servicekey: id, signer: id },
})
const CaCertificateInstalled = event('CaCertificateInstalled', {
  // No path length: the root, whose certificate is its own rootSha256.
  pub: { der: x, sha256: h, rootSha256: h, pathLength: Type.Optional(n), notAfter: t, servicekey: id },
})
const IssuanceStopped = event('IssuanceStopped', { pub: { cause: stopCause } })
const IssuanceResumed = event('IssuanceResumed', { pub: { control: Type.Optional(id) } })
const TerminationDeclared = event('TerminationDeclared', {
  pub: { kind: terminationKind, ceasesOn: d, actingParty: terminationParty, deedSha256: h },
})
const RevocationsCompleted = event('RevocationsCompleted', {
  pub: { upTo: n, issued: n, expired: n, revoked: n, abandoned: n },
})
const ObligationsTransferred = event('ObligationsTransferred', {
  pub: { obligations: Type.Array(obligation), receiverSiren: code, deedSha256: h },
})
// The escrow goes to who takes the obligation over. `transfer`: one package; `certificateSha256`: of whom it is enciphered to.
const EscrowTransferPlanned = event('EscrowTransferPlanned', {
  pub: { transfer: id, certificateSha256: h, scriptSha256: h },
  sealed: { jou: { present: text } },
})
const EscrowTransferred = event('EscrowTransferred', {
  // `refused`: keys that did not hold what their record says; each is named in the inventory.
  pub: { transfer: id, certificateSha256: h, keys: n, refused: n, parts: n, inventorySha256: h },
  sealed: { jou: { present: text } },
})
const EscrowReceiptRecorded = event('EscrowReceiptRecorded', {
  pub: { transfer: id, keys: n, inventorySha256: h, receiptSha256: h },
  sealed: { jou: { present: text } },
})
const CaRevocationPlanned = event('CaRevocationPlanned', {
  // `root`: id of the authority that revokes it.
  pub: { root: code, serial: sn, revokedAt: t, scriptSha256: h },
  sealed: { jou: { present: text } },
})
const CaCertificateRevoked = event('CaCertificateRevoked', {
  pub: { revokedAt: t, arlNumber: code, arlSha256: h },
})

export const authorityForms = [
  CaCertificatePlanned,
  CaCertificateInstalled,
  IssuanceStopped,
  IssuanceResumed,
  TerminationDeclared,
  RevocationsCompleted,
  EscrowTransferPlanned,
  EscrowTransferred,
  EscrowReceiptRecorded,
  ObligationsTransferred,
  CaRevocationPlanned,
  CaCertificateRevoked,
] as const
export type AuthorityEvent = EventOf<(typeof authorityForms)[number]>

type Installed = Readonly<{
  der: string
  notAfter: string
  servicekey: string
  /** The root signs authorities, and does not end here. */
  root: boolean
  /** Whether holders' certificates may be planned. */
  issuing: boolean
}>
type Declared = Installed & Readonly<{ ceasesOn: string }>
/** The newest package of the escrow, as far as it has come. */
export type EscrowTransfer = Readonly<{ transfer: string; certificateSha256: string }> &
  (
    | Readonly<{ status: 'planned' }>
    | Readonly<{ status: 'transferred' | 'received'; keys: number; inventorySha256: string }>
  )
/** What was counted when the last valid certificate had been revoked. */
type Emptied = Declared & Readonly<{ upTo: number; issued: number; escrow?: EscrowTransfer }>
/** By which root, and from when on, as its officers have planned it. */
type Doomed = Readonly<{ revocation: Readonly<{ root: string; revokedAt: string }> }>

export type Authority =
  | Readonly<{
      status: 'unknown'
      /** What is to be signed, once it is planned: DER, base64. */
      plan?: Readonly<{ tbs: string; notAfter: string }>
    }>
  | (Installed & Readonly<{ status: 'active' | 'stopped' }>)
  | (Declared & Readonly<{ status: 'terminating' | 'stoppedForGood' }>)
  | (Emptied &
      (Doomed | Readonly<{ revocation?: never }>) &
      Readonly<{ status: 'emptied' | 'transferred' | 'revoked' }>)

const installed = ({ data }: Extract<AuthorityEvent, { type: 'CaCertificateInstalled' }>): Authority => ({
  status: 'active',
  der: data.der,
  notAfter: data.notAfter,
  servicekey: data.servicekey,
  root: data.sha256 === data.rootSha256,
  issuing: true,
})

const evolve = (state: Authority, event: AuthorityEvent): Authority => {
  if (event.type === 'CaCertificateInstalled') return installed(event)
  if (event.type === 'CaCertificatePlanned') {
    const { tbs, notAfter } = event.data
    return { status: 'unknown', plan: { tbs, notAfter } }
  }
  if (state.status === 'unknown') throw new Error(`${event.type} before CaCertificateInstalled`)
  switch (event.type) {
    case 'IssuanceStopped':
      return 'ceasesOn' in state
        ? { ...declared(state, event.type), status: 'stoppedForGood', issuing: false }
        : { ...state, status: 'stopped', issuing: false }
    case 'IssuanceResumed':
      return { ...state, status: 'active', issuing: true }
    case 'TerminationDeclared':
      return { ...state, status: 'terminating', ceasesOn: event.data.ceasesOn }
    case 'RevocationsCompleted':
      return emptied(declared(state, event.type), event.data)
    case 'EscrowTransferPlanned':
    case 'EscrowTransferred':
    case 'EscrowReceiptRecorded':
      return { ...counted(state, event.type), status: 'emptied', escrow: handedOver(state, event) }
    case 'ObligationsTransferred':
      return { ...counted(state, event.type), status: 'transferred' }
    case 'CaRevocationPlanned': {
      const { root, revokedAt } = event.data
      return { ...counted(state, event.type), status: 'transferred', revocation: { root, revokedAt } }
    }
    case 'CaCertificateRevoked':
      return { ...counted(state, event.type), status: 'revoked' }
    default:
      return unreachable(event)
  }
}

const emptied = (state: Declared, { upTo, issued }: { upTo: number; issued: number }): Authority => ({
  ...state,
  status: 'emptied',
  upTo,
  issued,
})

type OfEscrow = Extract<
  AuthorityEvent,
  { type: 'EscrowTransferPlanned' | 'EscrowTransferred' | 'EscrowReceiptRecorded' }
>

const handedOver = (state: Authority, event: OfEscrow): EscrowTransfer => {
  const { transfer } = event.data
  if (event.type === 'EscrowReceiptRecorded') {
    const { keys, inventorySha256 } = event.data
    const { certificateSha256 } = counted(state, event.type).escrow ?? { certificateSha256: '' }
    return { status: 'received', transfer, certificateSha256, keys, inventorySha256 }
  }
  const { certificateSha256 } = event.data
  if (event.type === 'EscrowTransferPlanned') return { status: 'planned', transfer, certificateSha256 }
  const { keys, inventorySha256 } = event.data
  return { status: 'transferred', transfer, certificateSha256, keys, inventorySha256 }
}

const declared = (state: Authority, type: string): Declared => {
  if ('ceasesOn' in state) return state
  throw new Error(`${type} before TerminationDeclared`)
}

const counted = (state: Authority, type: string): Emptied => {
  if ('issued' in state) return state
  throw new Error(`${type} before RevocationsCompleted`)
}

export const authority: Aggregate<Authority, AuthorityEvent> = {
  name: 'authority',
  initial: { status: 'unknown' },
  evolve,
  ...codec(authorityForms),
  units: () => ({}),
}
