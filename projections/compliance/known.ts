// What is known before an event: as much of the ledger as the rules need to judge the next one. It grows with the
// certificates that there are, not with the events: what has come to its end is forgotten.
import { evolveComponent, type KnownComponent } from './knownComponents.ts'
import { text, type Place, type Seen } from './seen.ts'

export type KnownCertificate = Readonly<{
  issuer: string
  holder: boolean
  spki: string
  identification: string
  status: 'planned' | 'issued' | 'accepted' | 'other' | 'revoked'
}>
export type KnownKey = Readonly<{ certified?: string; until?: string; destroyed?: true }>
export type KnownRequest = Readonly<{
  cgu?: true
  identified?: true
  validated?: true
  serial?: string
  desk?: string
}>
export type Approval = Readonly<{ actor: string; expiresAt: string }>
export type KnownCrl = Readonly<{ number: number; nextUpdate: string; place: Place }>
/** A revocation that no list shows yet. */
export type Awaiting = Place & Readonly<{ issuer: string; revokedAt: string; receivedAt?: string }>
export type Pending = Place & Readonly<{ receivedAt: string; serial: string }>
export type Qualification = Readonly<{ version: string; from: string; until: string }>

export type Known = Readonly<{
  certificates: Map<string, KnownCertificate>
  keys: Map<string, KnownKey>
  requests: Map<string, KnownRequest>
  /** Desks at which a session is open. */
  desks: Map<string, string>
  pins: Set<string>
  components: Map<string, KnownComponent>
  recoveries: Map<string, readonly Approval[]>
  plans: Map<string, Readonly<{ thisUpdate: string; nextUpdate: string; upTo: number }>>
  crls: Map<string, KnownCrl>
  pending: Map<string, Pending>
  awaiting: Map<string, Awaiting>
  qualifications: Qualification[]
}>

export const nothingKnown = (): Known => ({
  ...{ certificates: new Map(), keys: new Map(), requests: new Map(), desks: new Map(), pins: new Set() },
  ...{ components: new Map(), recoveries: new Map(), plans: new Map(), crls: new Map() },
  ...{ pending: new Map(), awaiting: new Map(), qualifications: [] },
})

/** `crl-<issuer>-<number>`. */
export const crlOf = ({ id }: Seen): Readonly<{ issuer: string; number: number }> => {
  const cut = id.lastIndexOf('-')
  return { issuer: id.slice(0, cut), number: Number(id.slice(cut + 1)) }
}

/** Revocations that the CRL of this event is the first to show. */
export const shownBy = (known: Known, seen: Seen): readonly Awaiting[] => {
  const plan = known.plans.get(seen.stream)
  const { issuer } = crlOf(seen)
  if (plan === undefined) return []
  return [...known.awaiting.values()].filter((one) => one.issuer === issuer && one.rank < plan.upTo)
}

/** Requests to revoke a certificate that wait for their answer, the first received first: one revocation answers them all. */
export const askedFor = ({ pending }: Known, serial: string): readonly Pending[] =>
  [...pending.values()]
    .filter((one) => one.serial === serial)
    .sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1))

type Take = (known: Known, seen: Seen) => void

const place = ({ stream, rank, at }: Seen): Place => ({ stream, rank, at })

const becomes =
  (status: KnownCertificate['status']): Take =>
  ({ certificates }, { id }) => {
    const before = certificates.get(id)
    if (before !== undefined && before.status !== 'revoked') certificates.set(id, { ...before, status })
  }

const of =
  (more: KnownRequest): Take =>
  ({ requests }, { id }) => {
    requests.set(id, { ...requests.get(id), ...more })
  }

const closed: Take = ({ requests, desks }, { id }) => {
  const desk = requests.get(id)?.desk
  if (desk !== undefined && desks.get(desk) === id) desks.delete(desk)
}
const finished: Take = (known, seen) => {
  closed(known, seen)
  known.requests.delete(seen.id)
}

const revoked: Take = (known, seen) => {
  const { issuer = '' } = known.certificates.get(seen.id) ?? {}
  const [first] = askedFor(known, seen.id)
  if (!known.awaiting.has(seen.id))
    known.awaiting.set(seen.id, {
      ...place(seen),
      ...{ issuer, revokedAt: text(seen, 'revokedAt') },
      ...(first === undefined ? {} : { receivedAt: first.receivedAt }),
    })
  // One revocation answers every request for the certificate.
  for (const [id, { serial }] of known.pending) if (serial === seen.id) known.pending.delete(id)
  becomes('revoked')(known, seen)
}

const takes: Readonly<Record<string, Take>> = {
  CertificatePlanned: ({ certificates, keys }, seen) => {
    certificates.set(seen.id, {
      ...{ issuer: text(seen, 'issuer'), spki: text(seen, 'spkiSha256'), status: 'planned' },
      ...{ holder: text(seen, 'profile') === 'encryption', identification: text(seen, 'identification') },
    })
    const key = keys.get(text(seen, 'spkiSha256'))
    if (key?.certified === undefined) keys.set(text(seen, 'spkiSha256'), { ...key, certified: seen.id })
  },
  CertificateIssued: becomes('issued'),
  CertificateAccepted: becomes('accepted'),
  CertificateRefused: becomes('other'),
  CertificateAbandoned: becomes('other'),
  RevocationRequested: ({ pending }, seen) => {
    pending.set(text(seen, 'revocation'), {
      ...{ ...place(seen), receivedAt: text(seen, 'firstReceivedAt'), serial: seen.id },
    })
  },
  RevocationRejected: ({ pending }, seen) => {
    pending.delete(text(seen, 'revocation'))
  },
  CertificateRevoked: revoked,
  KeyEscrowed: ({ keys }, seen) => {
    keys.set(seen.id, { ...keys.get(seen.id), until: text(seen, 'until') })
  },
  EscrowedKeyDestroyed: ({ keys }, seen) => {
    keys.set(seen.id, { ...keys.get(seen.id), destroyed: true })
  },
  CguAccepted: of({ cgu: true }),
  IdentityVerified: of({ identified: true }),
  RequestValidated: of({ validated: true }),
  SessionOpened: (known, seen) => {
    const desk = text(seen, 'desk')
    of({ serial: text(seen, 'serial'), ...(desk === '' ? {} : { desk }) })(known, seen)
    if (desk !== '' && !known.desks.has(desk)) known.desks.set(desk, seen.id)
  },
  SessionClosed: closed,
  CardHandedOver: finished,
  RequestRejected: finished,
  RequestClosed: finished,
  CardPinDefined: ({ pins }, { id }) => {
    pins.add(id)
  },
  CardScrapped: ({ pins }, { id }) => {
    pins.delete(id)
  },
  RecoveryApproved: ({ recoveries }, seen) => {
    const approval = { actor: seen.env.actor, expiresAt: text(seen, 'expiresAt') }
    recoveries.set(seen.id, [...(recoveries.get(seen.id) ?? []), approval])
  },
  RecoveryRejected: ({ recoveries }, { id }) => {
    recoveries.delete(id)
  },
  RecoveryClosed: ({ recoveries }, { id }) => {
    recoveries.delete(id)
  },
  RecoveryDelivered: ({ recoveries }, { id }) => {
    recoveries.delete(id)
  },
  CrlPlanned: ({ plans }, seen) => {
    const { upTo } = seen.data as { upTo: number }
    plans.set(seen.stream, {
      thisUpdate: text(seen, 'thisUpdate'),
      nextUpdate: text(seen, 'nextUpdate'),
      upTo,
    })
  },
  CrlIssued: (known, seen) => {
    const { issuer, number } = crlOf(seen)
    for (const { stream } of shownBy(known, seen)) known.awaiting.delete(stream.slice('certificate-'.length))
    const { nextUpdate = '' } = known.plans.get(seen.stream) ?? {}
    known.plans.delete(seen.stream)
    known.crls.set(issuer, { number, nextUpdate, place: place(seen) })
  },
  DocumentAdopted: ({ qualifications }, seen) => {
    if (seen.id !== 'qualification') return
    const [version, from, until] = [
      text(seen, 'version'),
      text(seen, 'effectiveFrom'),
      text(seen, 'validUntil'),
    ]
    qualifications.push({ version, from, until })
  },
}

/** Takes in an event, after it was judged. */
export const learn: Take = (known, seen) => {
  if (seen.aggregate === 'component') evolveComponent(known.components, seen)
  else takes[seen.type]?.(known, seen)
}
