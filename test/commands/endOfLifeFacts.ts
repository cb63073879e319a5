// Facts of the end of an authority: each step's events, in their order.
import { authority, type AuthorityEvent } from '../../domain/authority.ts'
import { crl, type CrlEvent } from '../../domain/crl.ts'
import { obligations } from '../../domain/lists.ts'
import { ocsp, type OcspEvent } from '../../domain/ocsp.ts'
import { serviceKey, type ServiceKeyEvent } from '../../domain/serviceKey.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, on } from '../support/given.ts'
import { digest, issuer, policy } from './facts.ts'

export const [ca, so] = [actor('caOfficer', 70), actor('securityOfficer', 71)]
export const key = uuid(72)
export const ceasesOn = '2026-06-02'
/** The morning of that day. */
export const ceased = '2026-06-02T09:00:00Z'
export const endOfTime = '9999-12-31T23:59:59Z'

export const installed: AuthorityEvent = {
  type: 'CaCertificateInstalled',
  data: {
    ...{ der: 'ZGVy', sha256: digest, rootSha256: 'e'.repeat(64), pathLength: 0 },
    ...{ notAfter: '2036-01-01T00:00:00Z', servicekey: key },
  },
}
export const root: AuthorityEvent = {
  ...installed,
  data: { ...installed.data, rootSha256: digest },
}
export const stopped: AuthorityEvent = { type: 'IssuanceStopped', data: { cause: 'control' } }
export const declared: AuthorityEvent = {
  type: 'TerminationDeclared',
  data: { kind: 'total', ceasesOn, actingParty: 'ca', deedSha256: digest },
}
export const stoppedForGood: AuthorityEvent = { type: 'IssuanceStopped', data: { cause: 'termination' } }
export const count = { upTo: 50, issued: 3, expired: 1, revoked: 2, abandoned: 0 }
export const emptied: AuthorityEvent = { type: 'RevocationsCompleted', data: count }
const handedOver = { transfer: uuid(74), inventorySha256: digest }
export const escrowPlanned = {
  type: 'EscrowTransferPlanned',
  data: { transfer: uuid(74), certificateSha256: digest, scriptSha256: digest, present: 'témoins' },
} as const satisfies AuthorityEvent
export const escrowSent = {
  type: 'EscrowTransferred',
  data: { ...handedOver, certificateSha256: digest, keys: 3, refused: 0, parts: 1, present: 'témoins' },
} as const satisfies AuthorityEvent
export const escrowReceived = {
  type: 'EscrowReceiptRecorded',
  data: { ...handedOver, keys: 3, receiptSha256: digest, present: 'témoins' },
} as const satisfies AuthorityEvent
export const transferred: AuthorityEvent = {
  type: 'ObligationsTransferred',
  data: { obligations: [...obligations], receiverSiren: '110020013', deedSha256: digest },
}
export const revoked: AuthorityEvent = {
  type: 'CaCertificateRevoked',
  data: { revokedAt: ceased, arlNumber: '7', arlSha256: digest },
}
/** What the officers of its root order. */
export const revocation = {
  ...{ issuer, root: 'b'.repeat(16), serial: `4${'0'.repeat(31)}`, revokedAt: ceased },
  ...{ scriptSha256: digest, present: 'témoin' },
}
/** The authority's stream in each of its states. */
export const lives = {
  unknown: [],
  active: [installed],
  stopped: [installed, stopped],
  terminating: [installed, declared],
  stoppedForGood: [installed, declared, stoppedForGood],
  emptied: [installed, declared, stoppedForGood, emptied],
  escrowHandedOver: [
    ...[installed, declared, stoppedForGood, emptied],
    ...[escrowPlanned, escrowSent, escrowReceived],
  ],
  transferred: [installed, declared, stoppedForGood, emptied, transferred],
  revoked: [installed, declared, stoppedForGood, emptied, transferred, revoked],
} satisfies Record<string, readonly AuthorityEvent[]>
export type Life = keyof typeof lives
export const states = Object.keys(lives) as Life[]
export const life = (state: Life) => on(authority, issuer, ...lives[state])

export const plan = {
  ...{ thisUpdate: ceased, nextUpdate: endOfTime, upTo: 50, entries: 2, last: true, profileVersion: 1 },
}
export const planned: CrlEvent = { type: 'CrlPlanned', data: plan }
export const signedList: CrlEvent = {
  type: 'CrlIssued',
  data: {
    ...{ tbsSha256: digest, signatureAlgorithm: 'sha256WithRSA', signature: 'c2ln', sha256: digest },
    ...{ bytes: 1, statusTableSha256: digest },
  },
}
export const sites = policy.publication.crl.map((url) => ({ url, seenAt: ceased }))
export const published: CrlEvent = { type: 'CrlPublished', data: { sha256: digest, sites } }
/** The last list, number 2, as far as it has come. */
export const lastList = (...events: readonly CrlEvent[]) => on(crl, `${issuer}-2`, ...events)
export const before = on(
  crl,
  `${issuer}-1`,
  { type: 'CrlPlanned', data: { ...plan, upTo: 40, nextUpdate: '2026-06-04T09:00:00Z', last: false } },
  signedList,
)

export const answersPlanned: OcspEvent = {
  type: 'FinalOcspPlanned',
  data: {
    ...{ count: 3, upTo: 50, thisUpdate: ceased, nextUpdate: endOfTime, signer: 'ca' },
    serialsSha256: digest,
  },
}
export const answersSigned: OcspEvent = {
  type: 'FinalOcspSigned',
  data: { count: 3, answersRoot: digest, archiveSha256: digest },
}
export const answers = (...events: readonly OcspEvent[]) => on(ocsp, `${issuer}-final`, ...events)

export const copy = uuid(73)
const made = (purpose: 'ca' | 'root' | 'escrowKek', spkiSha256: string): readonly ServiceKeyEvent[] => [
  {
    type: 'ServiceKeyPlanned',
    data: { purpose, algorithm: 'rsa4096', scriptSha256: digest, present: 'témoins' },
  },
  {
    type: 'ServiceKeyGenerated',
    data: {
      ...{ spkiSha256, module: 'software', token: 'software', attributesSha256: digest },
      ...{ minutesSha256: digest, present: 'témoins' },
    },
  },
]
export const copied: ServiceKeyEvent = {
  type: 'ServiceKeyCopied',
  data: { copy, direction: 'backup', minutesSha256: digest, present: 'témoins' },
}
export const doomed: ServiceKeyEvent = {
  type: 'ServiceKeyDestructionPlanned',
  data: { copies: [copy], cause: 'endOfLife', present: 'témoins' },
}
export const destroyed: ServiceKeyEvent = {
  type: 'ServiceKeyDestroyed',
  data: {
    ...{ copies: [copy], method: 'moduleErased', failedUseCode: 'CKR_KEY_HANDLE_INVALID' },
    ...{ minutesSha256: digest, present: 'témoins' },
  },
}
/** The CA's key, with one copy, as far as it has come. */
export const caKey = (...events: readonly ServiceKeyEvent[]) =>
  on(serviceKey, key, ...made('ca', 'c'.repeat(64)), copied, ...events)
export const uncopiedKey = (...events: readonly ServiceKeyEvent[]) =>
  on(serviceKey, key, ...made('ca', 'c'.repeat(64)), ...events)
export const keyOf = (purpose: 'root' | 'escrowKek') => on(serviceKey, key, ...made(purpose, 'f'.repeat(64)))
