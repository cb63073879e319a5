// An authority's end as its officers and the program walk it, up to where its escrow can be handed over: every step by its own command.
import { planCrl, recordCrl, recordCrlPublication } from '../../commands/crls.ts'
import {
  completeRevocations,
  declareTermination,
  stopIssuance,
  transferObligations,
} from '../../commands/endOfLife.ts'
import { bindPublicKey, escrowKey } from '../../commands/keys.ts'
import { planFinalOcsp, recordFinalOcsp } from '../../commands/ocspRecords.ts'
import { perform, type Service } from '../../commands/program.ts'
import { obligations } from '../../domain/lists.ts'
import { addSeconds, dayOf, monthsBefore } from '../../domain/policy/dates.ts'
import { endOfTime } from '../../domain/policy/endOfLife.ts'
import { escrowUntil } from '../../domain/policy/validity.ts'
import type { Escrow } from '../../pki/custody.ts'
import { replayEnd } from '../../projections/endReplay.ts'
import { uuid } from '../ledger/filled.ts'

export type Walkers = Readonly<{
  program: Service
  /** The officer of the authority. */
  officer: Service
}>

const digest = 'd'.repeat(64)

/** What the dry run knows, from the ledger alone. */
const endOf = async ({ ledger, now }: Service) => {
  const found = await replayEnd(ledger, ledger.entries(), now())
  if (found === undefined) throw new Error('no authority is installed')
  return found
}

/** A key of the escrow, in the vault and in the ledger, as issuance leaves it. @returns SHA-256 of its public half */
export const escrowOne = async (
  service: Service,
  escrow: Pick<Escrow, 'reserve' | 'keep'>,
  serial: string,
): Promise<string> => {
  const from = service.now()
  const { spkiSha256: spki } = await escrow.reserve(serial)
  const about = { serial, request: uuid(2) }
  const bound = { ...about, custody: 'escrow', session: 1, algorithm: 'rsa3072' } as const
  await perform(service, bindPublicKey, { key: serial, data: { spki, ...bound } })
  const person = uuid(1)
  const until = escrowUntil(from, service.policy.escrow.years)
  const record = await escrow.keep({ serial, person, from, until })
  const data = { ...record, ...about, spki, person, holderName: 'Zoë Durand', entity: uuid(3) }
  await perform(service, escrowKey(service.policy), { key: serial, data })
  return spki
}

/** From an authority that is active to one that everything is revoked of, listed and answered for. */
export const walkToEmptied = async ({ program, officer }: Walkers): Promise<string> => {
  const { policy } = program
  const { issuer } = await endOf(program)
  const now = program.now()
  // Declared as long ago as the notice period asks for.
  const then = {
    ...officer,
    now: () =>
      addSeconds(`${monthsBefore(dayOf(now), policy.termination.noticeMonths)}T09:00:00Z`, -86_400 * 3),
  }
  const term = { kind: 'total', ceasesOn: dayOf(addSeconds(now, -86_400)), actingParty: 'ca' } as const
  await perform(then, declareTermination(policy), {
    key: issuer,
    data: { issuer, ...term, deedSha256: digest },
  })
  await perform(officer, stopIssuance, { key: issuer, data: { issuer, cause: 'termination' } })
  const { observed } = await endOf(program)
  const { issued, abandoned, upTo } = observed.count
  const count = { upTo, issued, abandoned, expired: 0, revoked: issued, planned: 0 }
  await perform(program, completeRevocations, { key: issuer, data: { issuer, ...count, untold: 0 } })
  const number = observed.crlNumber
  const endless = { thisUpdate: now, nextUpdate: endOfTime, upTo }
  await perform(officer, planCrl, {
    key: `${issuer}|${number}`,
    data: { issuer, number, ...endless, entries: issued, last: true, profileVersion: 1, count },
  })
  const signed = {
    ...{
      tbsSha256: digest,
      signatureAlgorithm: 'sha384WithECDSA' as const,
      signature: 'c2ln',
      sha256: digest,
    },
    ...{ bytes: 1, statusTableSha256: digest },
  }
  await perform(program, recordCrl, {
    key: `${issuer}|${number}`,
    data: { issuer, number, ...signed },
  })
  const sites = policy.publication.crl.map((url) => ({ url, seenAt: now }))
  await perform(program, recordCrlPublication(policy), {
    key: `${issuer}|${number}`,
    data: { issuer, number, sha256: digest, sites },
  })
  const answers = { issuer, lastCrl: number, count: issued, ...endless, signer: 'ca' } as const
  await perform(officer, planFinalOcsp, { key: issuer, data: { ...answers, serialsSha256: digest } })
  await perform(program, recordFinalOcsp, {
    key: issuer,
    data: { issuer, count: issued, answersRoot: digest, archiveSha256: digest },
  })
  return issuer
}

/** The obligations handed over: every one of the list. */
export const handObligationsOver = async ({ officer }: Pick<Walkers, 'officer'>): Promise<void> => {
  const { issuer, observed } = await endOf(officer)
  const handed = { obligations: [...obligations], receiverSiren: '110020013', deedSha256: digest }
  const data = { issuer, lastCrl: observed.crlNumber, ...handed }
  // Given once more after a refusal: another order.
  await perform(officer, transferObligations, {
    key: `${issuer}|${officer.now()}|${observed.count.upTo}`,
    data,
  })
}
