// P4, step 2: a request whose approvals have all ended is closed. The ledger decides; the read model only says where to look.
import { ProcessRefused, perform, type Service } from '../commands/program.ts'
import { closeRecovery } from '../commands/recoveries.ts'

/** @param inTurn runs after what is under way for the same request */
export const closeRecoveries = async (
  service: Service,
  lapsed: readonly string[],
  inTurn: <T>(id: string, act: () => Promise<T>) => Promise<T>,
): Promise<void> => {
  for (const recovery of lapsed) {
    const order = { key: `recovery-${recovery}`, data: { recovery, cause: 'expired' as const } }
    try {
      await inTurn(recovery, () => perform(service, closeRecovery, order))
    } catch (error) {
      // Executed, withdrawn or approved anew since the read model was asked.
      if (!(error instanceof ProcessRefused)) throw error
    }
  }
}
