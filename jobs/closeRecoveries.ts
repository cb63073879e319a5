// P4, step 2: a request whose approvals have all ended is closed. The ledger decides; the read model only says where to look.
import { ProcessRefused, perform, type Service } from '../commands/program.ts'
import { closeRecovery } from '../commands/recoveries.ts'
import type { InTurn } from '../domain/turns.ts'
import type { Each } from './port.ts'

/** @param inTurn runs after what is under way for the same request */
export const closeRecoveries = async (
  { service, inTurn }: Readonly<{ service: Service; inTurn: InTurn }>,
  lapsed: readonly string[],
  each: Each,
): Promise<void> =>
  each(lapsed, async (recovery) => {
    const order = { key: `recovery-${recovery}`, data: { recovery, cause: 'expired' as const } }
    try {
      await inTurn(recovery, () => perform(service, closeRecovery, order))
    } catch (error) {
      // Executed, withdrawn or approved anew since the read model was asked.
      if (!(error instanceof ProcessRefused)) throw error
    }
  })
