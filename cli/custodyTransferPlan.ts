// What a transfer of the escrow is asked with, and its dry run: the same decider, and nothing written (custodyTransfer.ts).
import { randomUUID } from 'node:crypto'
import { planEscrowTransfer } from '../commands/escrowHandover.ts'
import { sha256 } from '../commands/issuing.ts'
import { countKept } from '../commands/transferEscrow.ts'
import { successorFault } from '../pki/recipient.ts'
import type { Officer } from './ceremonyParts.ts'
import { presentOf, requireWitnesses, type CeremonyScript } from './ceremonyScript.ts'
import { dryRunEnd, foundEnd, wouldRefuse, type Ceremony } from './endCeremony.ts'
import { begunIn, changed } from './escrowPackage.ts'
import type { Output } from './output.ts'

export type Handing = Readonly<{
  script: CeremonyScript
  officers: readonly [Officer, Officer]
  certificate: Uint8Array
  out: string
  output: Output
  /** Keys in a part. */
  size?: number
}>

/** What is asked of the decider, as far as it is known before anything is written. */
export const planOf = async (
  { service }: Ceremony,
  { script, officers, certificate }: Handing,
  transfer: string,
) => {
  const { issuer, observed } = await foundEnd(service)
  const [, second] = officers
  const fault = successorFault(certificate, service.now())
  return {
    ...{ issuer, transfer, certificateSha256: sha256(certificate), scriptSha256: sha256(script.text) },
    ...{ lastCrl: observed.crlNumber, present: presentOf(script), second },
    ...(fault === undefined ? {} : { certificateFault: fault }),
  }
}

/** The transfer that stands in the directory, if it is to this successor. @throws ProcessRefused PACKAGE_NOT_EMPTY */
export const begunFor = async ({ out, certificate }: Handing): Promise<string | undefined> => {
  const begun = await begunIn(out)
  if (begun !== undefined && begun.certificateSha256 !== sha256(certificate)) throw changed('--to')
  return begun?.transfer
}

/** What the ceremony would do, and why it may not; nothing is written. @returns whether it may */
export const rehearse = async (opened: Ceremony, handing: Handing): Promise<boolean> => {
  const { service, custody } = opened
  const { officers, certificate, output } = handing
  requireWitnesses('PlanEscrowTransfer', handing.script)
  const begun = await begunFor(handing)
  const data = await planOf(opened, handing, begun ?? randomUUID())
  const refused = await wouldRefuse(service, officers[0], planEscrowTransfer, data)
  const keys = await countKept(service.ledger)
  const keks = [...(await custody.vault.escrow.keks()).keys()]
  const fingerprint = sha256(certificate)
  output.result(
    {
      dryRun: true,
      keys,
      begun: begun ?? null,
      certificateSha256: fingerprint,
      keks,
      refused: refused ?? null,
    },
    () =>
      [
        `${keys} keys would go to the holder of the certificate ${fingerprint} (SHA-256).`,
        ...(begun === undefined ? [] : [`The transfer ${begun} was begun, and would go on.`]),
        refused === undefined
          ? `Nothing stands against it. ${dryRunEnd}`
          : `Refused now: ${refused.code} (${refused.clause}): ${refused.detail}. ${dryRunEnd}`,
      ].join('\n'),
  )
  return refused === undefined
}
