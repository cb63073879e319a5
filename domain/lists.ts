// The closed lists of events.md section 6. A new value keeps an event's version; a value is never removed.
import { Type, type Static } from 'typebox'
import { roles } from './roles.ts'

const list = <const V extends readonly string[]>(values: V) => Type.Enum<[...V]>(values as readonly [...V])

export { roles }
export const role = list(roles)
export type Role = (typeof roles)[number]
export const power = list(['request', 'verifyIdentity', 'revoke', 'recover'])
export const requestKind = list(['initial', 'replacement', 'renewal'])
export const path = list(['direct', 'mandate'])
export const holderKind = list(['agent', 'newcomer', 'contractor'])
export const cardKind = list(['agent', 'temporary'])
export const temporaryCause = list(['forgotten', 'lost', 'awaiting', 'newcomer', 'contractor'])
export const profile = list(['encryption', 'ocspResponder'])
export const identityLevel = list(['full', 'light'])
export const identityMethod = list(['inPerson', 'mandate', 'referential', 'file', 'authCertificate'])
export const documentKind = list(['nationalIdentityCard', 'passport', 'residencePermit', 'professionalCard'])
export const pieceKind = list([
  'requestForm',
  'identityCopy',
  'mandate',
  'delegation',
  'cguSigned',
  'noChange',
])
// `signedIn` is ours: a representative or a certification agent (MC) who is signed in uses neither the holder's portal nor an
// officer's own motion.
export const channels = [
  'portal',
  'signedIn',
  'faceToFace',
  'callCentre',
  'email',
  'post',
  'internal',
] as const
export const channel = list(channels)
export const revocationCause = list([
  'keyCompromised',
  'keyCompromiseSuspected',
  'activationDataCompromised',
  'cardLost',
  'cardStolen',
  'cardFaulty',
  'dataChanged',
  'dossierError',
  'obligationsBreached',
  'holderLeft',
  'holderDeceased',
  'entityClosed',
  'cessation',
  'unspecified',
])
export const revocationOrigin = list(['request', 'exOfficio', 'undelivered', 'cardScrapped', 'termination'])
export const authentication = list([
  'portal',
  'signedIn',
  'identityDocument',
  'callback',
  'signature',
  'exOfficio',
])
export const regime = list(['newCard', 'approved'])
export const ground = list(['holderRequest', 'judicial', 'unavailability', 'lawfulAuthority'])
export const endCause = list([
  'departure',
  'withdrawn',
  'expired',
  'declined',
  'checkFailed',
  'incompatible',
  'closed',
  'merged',
])
export const returnCause = list(['piecesMissing', 'identityDoubtful'])
export const requestEnd = list(['withdrawn', 'lapsed', 'duplicate'])
export const leftOutCause = list(['cardFull', 'escrowEnded', 'keyLost', 'identityNotShown'])
export const sessionOutcome = list(['deskBusy', 'cardFailed', 'refused', 'abandoned', 'holderLeft', 'lapsed'])
export const pinOccasion = list(['issuance', 'renewal', 'unblocking'])
export const scrapCause = list(['faulty', 'refused', 'spoiled', 'returned', 'replaced', 'found'])
export const refusalCause = list(['contentWrong', 'noAnswer'])
export const abandonCause = list(['lint', 'signerRefused', 'sessionLost', 'issuanceStopped'])
export const recoveryEnd = list(['withdrawn', 'expired'])
export const entityKind = list(['ministry', 'contractor'])
export const entityProof = list(['register', 'order', 'document'])
export const means = list(['portal', 'desk', 'signedForm'])
export const presence = list(['inPerson', 'selfService'])
// `notErased` is ours: out of use, and nothing shows that its keys are gone: it was out of reach, or another card lay there.
export const scrapMethod = list(['shredded', 'erased', 'notErased'])
export const custody = list(['escrow', 'service'])
export const signatureForm = list(['none', 'handwritten', 'electronic'])
// `pkcs12` is ours: for whoever has no certificate left.
export const recoveryOutput = list(['cms', 'card', 'pkcs12'])
export type RecoveryOutput = Static<typeof recoveryOutput>
export const keyPurpose = list([
  'ca',
  'ocsp',
  'log',
  'mac',
  'escrowKek',
  'dataKek',
  'recovery',
  'root',
  'export',
])
export const journalKind = list(['appointment', 'component', 'account'])
export const signInMeans = list([
  'card',
  'sso',
  'service',
  'paper',
  'token',
  'none',
  'certificate',
  'accessToken',
])
export type SignInMeans = Static<typeof signInMeans>
export const algorithm = list(['rsa3072', 'rsa4096', 'ecP256', 'ecP384', 'aes256'])
export type Algorithm = Static<typeof algorithm>
export const signingAlgorithm = list(['rsa3072', 'rsa4096', 'ecP256', 'ecP384'])
export const keyUsage = list(['keyEncipherment', 'keyAgreement', 'digitalSignature'])
// Cards after the desk (CGU-51 to CGU-53, CGU-99).
export const incident = list(['blocked', 'faulty', 'lost', 'stolen'])
export const cardFunction = list(['privateKey', 'other'])
export const unblockMethod = list(['puk', 'challenge'])
// Documents and notices (CGU-12, CGU-19, CGU-54, CGU-77 to CGU-84).
export const documentNames = [
  'cgu',
  'pc',
  'dpc',
  'parameters',
  'rootCertificate',
  'caCertificate',
  'revocationForm',
  'qualification',
  'processingRecord',
  // CGU-122: of one month, by its digest; nobody publishes it.
  'complianceReport',
] as const
export const documentName = list(documentNames)
export type DocumentName = (typeof documentNames)[number]
export const noticeKind = list([
  'expiry',
  'revocation',
  'cguUpdate',
  'compromise',
  'termination',
  'keyRecovery',
])
export const waiverCause = list(['unreachable', 'alreadyInformed'])
// Controls, components, disputes (CGU-119 to CGU-125).
export const controlScope = list(['policy', 'commissioning', 'modification', 'confirmation'])
export const verdict = list(['passed', 'failed', 'toConfirm'])
export const componentKind = list([
  'service',
  'desk',
  'portal',
  'signer',
  'vault',
  'ledger',
  'publisher',
  'responder',
])
export const componentFault = list([
  'siteDiffers',
  'siteDown',
  'clockDrift',
  'ledgerTampered',
  'projectionDiverged',
  'keyMissing',
  'keyUndead',
])
export const disputeChannel = list(['phone', 'web'])
export const disputeOutcome = list(['settled', 'rejected', 'transferred'])
// End of life (CGU-80 to CGU-91).
export const stopCause = list(['termination', 'compromise', 'control'])
export const terminationKind = list(['total'])
export const terminationParty = list(['ca', 'substitute'])
export const obligations = [
  'revocationStatus',
  'registrationFiles',
  'journals',
  'recoveryRequests',
  'escrowStore',
  'publications',
] as const
export const obligation = list(obligations)
export const ocspSigner = list(['ca', 'finalResponder'])
export const copyDirection = list(['backup', 'restore', 'transfer'])
export const keyOperation = list(['export', 'sign', 'unwrap', 'generate'])
// Retention (CGU-112 to CGU-116).
export const retentionClasses = ['status', 'reg', 'escrow', 'recovery', 'journal'] as const
export const retentionClass = list(retentionClasses)
export const destructionCause = list(['termEnded', 'neverCertified'])
export const destructionMethod = list(['dataKeyDeleted', 'blobDeleted', 'kekDestroyed', 'moduleErased'])
export const exportKind = list(['audit', 'supervisor', 'handover'])
export const disclosureEnd = list(['returned', 'destroyed'])
export type EndCause = Static<typeof endCause>
export type Power = Static<typeof power>
export type CardKind = Static<typeof cardKind>
export type IdentityLevel = Static<typeof identityLevel>
export type Ground = Static<typeof ground>
export type Channel = (typeof channels)[number]
export type Authentication = Static<typeof authentication>
export type RevocationOrigin = Static<typeof revocationOrigin>
export type AbandonCause = Static<typeof abandonCause>
export type Profile = Static<typeof profile>
export type DocumentKind = Static<typeof documentKind>
export type RevocationCause = Static<typeof revocationCause>
export type SessionOutcome = Static<typeof sessionOutcome>
export type ScrapCause = Static<typeof scrapCause>
export type ScrapMethod = Static<typeof scrapMethod>
export type HolderKind = Static<typeof holderKind>
export type RequestKind = Static<typeof requestKind>
export type Path = Static<typeof path>
export type PieceKind = Static<typeof pieceKind>
export type RetentionClass = (typeof retentionClasses)[number]
export type Incident = Static<typeof incident>
export type CardFunction = Static<typeof cardFunction>
export type PinOccasion = Static<typeof pinOccasion>
export type LeftOutCause = Static<typeof leftOutCause>
export type IdentityMethod = Static<typeof identityMethod>
