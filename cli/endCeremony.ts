// What the ceremonies at the end of an authority have in common: what the ledger alone says of the end, a dry run that asks the same
// decider and writes nothing but that two have signed in, and the log key that signs the report.
import { ceremonyKey } from '../commands/ceremony.ts'
import { considerNow, foldOf } from '../commands/consider.ts'
import { ProcessRefused, type Service } from '../commands/program.ts'
import type { Actor, Command, Decider, Refusal } from '../domain/kernel.ts'
import { replayEnd } from '../projections/endReplay.ts'
import type { CustodyVault } from '../hsm/custody.ts'
import type { ServiceKeys } from '../pki/custody.ts'
import { logKey, type Officer } from './ceremonyParts.ts'
import { presentOf, type CeremonyScript } from './ceremonyScript.ts'
import { NothingThere } from './reading.ts'

/** The ledger with the officer as who acts, and the keys. */
export type Ceremony = Readonly<{
  service: Service
  custody: Readonly<{ keys: ServiceKeys; vault: Pick<CustodyVault, 'escrow'> }>
}>

/** How a dry run ends: it is on the ledger itself, which has it that somebody has signed in. */
export const dryRunEnd = 'A dry run: nothing was changed; that both have signed in is written down.'

/** What the end of the installed authority looks like, from the ledger alone. @throws NothingThere */
export const foundEnd = async ({ ledger, now }: Pick<Service, 'ledger' | 'now'>) => {
  const found = await replayEnd(ledger, ledger.entries(), now())
  if (found === undefined) throw new NothingThere('no ceremony has been held in this ledger')
  return found
}

const nobody = '00000000-0000-0000-0000-000000000000'

/** What would become of a command, without writing anything. @returns why it would be refused, if so */
export const wouldRefuse = async <S, C extends Command, E, F>(
  { ledger, now }: Pick<Service, 'ledger' | 'now'>,
  { person, role }: Pick<Officer, 'person' | 'role'>,
  decider: Decider<S, C, E, F>,
  data: C['data'],
): Promise<Refusal | undefined> => {
  const by: Actor = { person, role, auth: 'token', journal: nobody, entities: [] }
  const command = { type: decider.type, id: nobody, by, at: now(), data } as unknown as C
  const decision = await considerNow(decider, command, foldOf(ledger))
  return 'refused' in decision ? decision.refused : undefined
}

/** As `wouldRefuse`. @throws ProcessRefused */
export const requireAccepted = async <S, C extends Command, E, F>(
  service: Pick<Service, 'ledger' | 'now'>,
  officer: Pick<Officer, 'person' | 'role'>,
  decider: Decider<S, C, E, F>,
  data: C['data'],
): Promise<void> => {
  const refusal = await wouldRefuse(service, officer, decider, data)
  if (refusal !== undefined)
    throw new ProcessRefused(decider.type, refusal.code, refusal.clause, refusal.detail)
}

/** The key that reports are signed with: that of the ceremony, or made now where none has been held. */
export const logKeyOf = ({ service, custody }: Ceremony, script: CeremonyScript, second: Officer) =>
  ceremonyKey(
    service,
    custody.keys,
    { ...logKey(service.policy), generation: 1 },
    { script: script.text, present: presentOf(script), second },
  )
