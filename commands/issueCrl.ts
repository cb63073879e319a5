// One CRL: intent, act, outcome, on stream `crl-<issuer>-<number>`. A CRL is a function of its plan and of the leaves before
// `upTo`, so that a restart signs the same bytes again and an auditor rebuilds them. (events.md section 4, P3)
import { crl } from '../domain/crl.ts'
import { addHours } from '../domain/policy/dates.ts'
import { systemCommandId } from '../ledger/ids.ts'
import { assembleCrl, crlTbs, type RevokedEntry } from '../pki/crl.ts'
import { lintCrl } from '../pki/lint.ts'
import { planCrl, recordCrl, rejectCrlPlan } from './crls.ts'
import { LintRefused, rulesOf, sha256, type IssuingCa } from './issuing.ts'
import { perform, type Service } from './program.ts'
import { requireVerified, signAndRecord } from './signAndRecord.ts'

/** What the read model knows, as at a size of the ledger. */
export type StatusView = Readonly<{
  /** Leaves that the status table and the CRL entries have taken in. */
  size: () => Promise<number>
  /** Number of the newest CRL that was issued; 0 for none. */
  lastNumber: () => Promise<number>
  /** @throws where the table has not taken in so much: it may be being built anew */
  entriesUpTo: (size: number) => Promise<readonly RevokedEntry[]>
  /** Digest of the status table as at that size (proofs.md section 3). @throws as `entriesUpTo` */
  tableSha256: (size: number) => Promise<string>
}>

const profileVersion = 1

/**
 * Issues the next CRL of an authority, or finishes the one that was planned.
 * @param validityHours from thisUpdate to nextUpdate
 * @returns its number
 * @throws LintRefused: nothing was signed, the number is planned anew next time; faults: call it again
 */
export const issueCrl = async (
  service: Service,
  ca: IssuingCa,
  view: StatusView,
  validityHours: number,
): Promise<number> => {
  const number = (await view.lastNumber()) + 1
  const stream = `${ca.id}-${number}`
  const circumstances = { correlationId: systemCommandId('Crl', stream) }
  const name = { issuer: ca.id, number }
  const before = (await service.ledger.load(crl, stream)).state
  let read: Readonly<{ upTo: number; entries: readonly RevokedEntry[] }> | undefined
  if (before.status === 'none') {
    const upTo = await view.size()
    const thisUpdate = service.now()
    read = { upTo, entries: await view.entriesUpTo(upTo) }
    const nextUpdate = addHours(thisUpdate, validityHours)
    const plan = { thisUpdate, nextUpdate, upTo, entries: read.entries.length, last: false, profileVersion }
    const key = `${stream}|${before.tries + 1}`
    await perform(service, planCrl, { key, data: { ...name, ...plan }, circumstances })
  }
  const { state } = await service.ledger.load(crl, stream)
  if (state.status !== 'planned') return number
  // Another process may have planned this number, up to another size.
  const entries = read?.upTo === state.upTo ? read.entries : await view.entriesUpTo(state.upTo)
  // CGU-76: whatever has become of the table since, no list is signed that leaves out what its plan has.
  if (entries.length !== state.entries)
    throw new Error(`CRL ${number}: ${entries.length} entries, and ${state.entries} were planned`)
  const tbs = crlTbs({ ...state, issuer: ca.issuer, number, entries })
  const findings = rulesOf(
    lintCrl(tbs, {
      ...{ policy: service.policy, issuer: ca.certificate, algorithm: ca.signer.algorithm, number },
      last: state.last,
    }),
  )
  const intent = `${stream}|${state.tries}`
  if (findings.length > 0) {
    const data = { ...name, cause: 'lint' as const, findings: [...findings] }
    await perform(service, rejectCrlPlan, { key: intent, data, circumstances })
    throw new LintRefused(findings)
  }
  const tbsSha256 = sha256(tbs)
  await signAndRecord(ca.signer, { tbs, tbsSha256 }, async (signature) => {
    const der = assembleCrl(tbs, ca.signer.algorithm, signature)
    requireVerified(der, ca.issuer.spki)
    await perform(service, recordCrl, {
      key: intent,
      data: {
        ...name,
        tbsSha256,
        signatureAlgorithm: ca.signer.algorithm,
        signature: Buffer.from(signature).toString('base64'),
        sha256: sha256(der),
        bytes: der.length,
        statusTableSha256: await view.tableSha256(state.upTo),
      },
      circumstances,
    })
  })
  return number
}
