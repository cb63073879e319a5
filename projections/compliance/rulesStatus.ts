// Revocation, its lists, recovery and the end of an escrow (CGU-05, CGU-41 to CGU-48, CGU-61 to CGU-79).
import { addHours } from '../../domain/policy/dates.ts'
import { crlOf, shownBy, type Awaiting, type KnownCrl, type Pending } from './known.ts'
import { dueAt, isException, type Rule } from './rule.ts'
import { text, type Place, type Seen } from './seen.ts'

/** Requests for the certificate that were answered too late. */
const lateBy = (limit: number, pending: Iterable<Pending>, at: string): readonly Place[] =>
  [...pending].flatMap((one) => {
    const due = addHours(one.receivedAt, limit)
    return due < at ? [dueAt(one, due)] : []
  })

const unlistedBy = (limit: number, awaiting: Iterable<Awaiting>, at: string): readonly Place[] =>
  [...awaiting].flatMap((one) => {
    const due = addHours(one.revokedAt, limit)
    return due < at ? [dueAt(one, due)] : []
  })

const gapOf = ({ nextUpdate, place }: KnownCrl, until: string): readonly Place[] =>
  nextUpdate !== '' && nextUpdate < until ? [dueAt(place, nextUpdate)] : []

/** What a revoked certificate may still meet: a request that comes too late, and its answer. */
const afterRevocation = new Set(['RevocationRequested', 'RevocationRejected'])

const approvals = (known: readonly { actor: string; expiresAt: string }[], seen: Seen): number =>
  new Set(known.filter(({ expiresAt }) => seen.env.occurredAt < expiresAt).map(({ actor }) => actor)).size

export const statusRules: readonly Rule[] = [
  {
    code: 'CRL_NUMBER_MISSING',
    clause: 'CGU-05',
    fr: 'LCR dont le numéro ne suit pas le précédent',
    on: ['CrlIssued'],
    find: (seen, { crls }) => {
      const { issuer, number } = crlOf(seen)
      return isException(number !== (crls.get(issuer)?.number ?? 0) + 1, seen)
    },
  },
  {
    code: 'REVOKED_CERTIFICATE_CHANGED',
    clause: 'CGU-76',
    fr: 'Certificat révoqué, puis modifié : une révocation est définitive',
    find: (seen, { certificates }) =>
      isException(
        seen.aggregate === 'certificate' &&
          certificates.get(seen.id)?.status === 'revoked' &&
          !afterRevocation.has(seen.type),
        seen,
      ),
  },
  {
    code: 'REVOCATION_LATE',
    clause: 'CGU-76',
    fr: 'Demande de révocation restée sans suite au-delà du délai',
    on: ['CertificateRevoked', 'RevocationRejected'],
    find: (seen, { pending }, { revocation }) => {
      const revocationId = text(seen, 'revocation')
      const asked = [...pending].filter(([id, { serial }]) =>
        seen.type === 'CertificateRevoked' ? serial === seen.id : id === revocationId,
      )
      const at = seen.type === 'CertificateRevoked' ? text(seen, 'revokedAt') : seen.env.occurredAt
      return lateBy(
        revocation.hours,
        asked.map(([, one]) => one),
        at,
      )
    },
    end: (until, { pending }, { revocation }) => lateBy(revocation.hours, pending.values(), until),
  },
  {
    code: 'CRL_LATE',
    clause: 'CGU-76',
    fr: 'Révocation absente des LCR au-delà du délai',
    on: ['CrlIssued'],
    find: (seen, known, { revocation }) =>
      unlistedBy(revocation.hours, shownBy(known, seen), seen.env.occurredAt),
    end: (until, { awaiting }, { revocation }) => unlistedBy(revocation.hours, awaiting.values(), until),
  },
  {
    code: 'CRL_GAP',
    clause: 'CGU-106',
    fr: 'Aucune LCR en vigueur : la précédente était échue',
    on: ['CrlIssued'],
    find: (seen, { crls, plans }) => {
      const before = crls.get(crlOf(seen).issuer)
      const thisUpdate = plans.get(seen.stream)?.thisUpdate ?? seen.env.occurredAt
      return before === undefined ? [] : gapOf(before, thisUpdate)
    },
    end: (until, { crls }) => [...crls.values()].flatMap((last) => gapOf(last, until)),
  },
  {
    code: 'RECOVERY_WITHOUT_QUORUM',
    clause: 'CGU-46',
    fr: 'Recouvrement commencé sans deux approbations distinctes et non échues',
    on: ['KeyRecoveryStarted'],
    find: (seen, { recoveries }, { escrow }) =>
      isException(
        text(seen, 'regime') === 'approved' &&
          approvals(recoveries.get(text(seen, 'recovery')) ?? [], seen) < escrow.recoveryQuorum,
        seen,
      ),
  },
  {
    code: 'RECOVERED_AFTER_TERM',
    clause: 'CGU-48',
    fr: 'Recouvrement commencé après la fin du séquestre ou la destruction de la clé',
    on: ['KeyRecoveryStarted'],
    find: (seen, { keys }) => {
      const { until = '', destroyed } = keys.get(seen.id) ?? {}
      return isException(destroyed === true || until <= seen.env.occurredAt, seen)
    },
  },
  {
    code: 'DESTROYED_BEFORE_TERM',
    clause: 'CGU-41',
    fr: 'Clé séquestrée détruite avant la fin de son séquestre',
    on: ['EscrowedKeyDestroyed'],
    find: (seen, { keys }) => {
      const { until = '' } = keys.get(seen.id) ?? {}
      return isException(text(seen, 'cause') === 'termEnded' && seen.env.occurredAt < until, seen)
    },
  },
]
