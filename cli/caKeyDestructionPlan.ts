// What the destruction of an authority's key is asked with, and its dry run: the same decider, and nothing written (caKeyDestruction.ts).
import { sha256 } from '../commands/issuing.ts'
import { ProcessRefused } from '../commands/program.ts'
import { planServiceKeyDestruction } from '../commands/serviceKeys.ts'
import { authority } from '../domain/authority.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import { KeyFault } from '../hsm/keyFault.ts'
import type { KeyDescription } from '../pki/custody.ts'
import type { Officer } from './ceremonyParts.ts'
import { idsOf, presentOf, requireWitnesses, type DestructionScript } from './ceremonyScript.ts'
import { dryRunEnd, foundEnd, wouldRefuse, type Ceremony } from './endCeremony.ts'
import type { Output } from './output.ts'
import { NothingThere } from './reading.ts'

export type Destroying = Readonly<{
  script: DestructionScript
  officers: readonly [Officer, Officer]
  out: string
  dataDir: string
}>

/**
 * What the module says of a key; undefined where it says that there is none.
 * @throws KeyFault for anything else that it says: nothing is known of the key then
 */
export const foundIn = async (
  { custody }: Pick<Ceremony, 'custody'>,
  servicekey: string,
): Promise<KeyDescription | undefined> => {
  try {
    return await custody.keys.describe(servicekey)
  } catch (error) {
    if (error instanceof KeyFault && error.code === 'keyMissing') return undefined
    throw error
  }
}

export const refused = (code: 'COPIES_DIFFER' | 'OUT_OF_ORDER', detail: string): ProcessRefused =>
  new ProcessRefused('RecordServiceKeyDestruction', code, 'CGU-90', detail)

/** What the ledger is asked, with the key that it is about. @throws NothingThere */
export const orderOf = async ({ service }: Ceremony, { script, officers }: Destroying) => {
  const { issuer, observed } = await foundEnd(service)
  const { state } = await service.ledger.load(authority, issuer)
  if (!('servicekey' in state)) throw new NothingThere(`the authority ${issuer} is not installed`)
  const [, second] = officers
  const copies = [...idsOf('--script', script.copies, service.now())]
  const { servicekey } = state
  const about = { servicekey, copies, present: presentOf(script), second }
  const order = { ...about, cause: 'endOfLife', lastCrl: observed.crlNumber, held: observed.held }
  return { issuer, about, order }
}

/** What would be destroyed, and why it may not; nothing is written. @returns whether it may */
export const rehearse = async (opened: Ceremony, held: Destroying, output: Output): Promise<boolean> => {
  requireWitnesses('PlanServiceKeyDestruction', held.script)
  const { issuer, about, order } = await orderOf(opened, held)
  const refusal = await wouldRefuse(opened.service, held.officers[0], planServiceKeyDestruction, order)
  const key = await foundIn(opened, about.servicekey)
  const spkiSha256 = key === undefined ? undefined : sha256(key.spki)
  const { state } = await opened.service.ledger.load(serviceKey, about.servicekey)
  const copies = 'copies' in state ? state.copies : []
  output.result(
    {
      ...{ dryRun: true, authority: issuer, servicekey: about.servicekey, spkiSha256: spkiSha256 ?? null },
      ...{ attributes: key?.attributes ?? {}, copies, listed: held.script.copies, refused: refusal ?? null },
    },
    () =>
      [
        `The key ${about.servicekey} (SHA-256 ${spkiSha256 ?? 'of none'}) of the authority ${issuer}`,
        `Copies in the ledger: ${copies.join(', ') || 'none'}; listed: ${about.copies.join(', ') || 'none'}`,
        refusal === undefined
          ? `Nothing stands against it. ${dryRunEnd}`
          : `Refused now: ${refusal.code} (${refusal.clause}): ${refusal.detail}. ${dryRunEnd}`,
      ].join('\n'),
  )
  return refusal === undefined
}
