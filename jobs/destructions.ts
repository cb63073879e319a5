// CGU-116: runs that two officers have approved are carried out, and those that a stop has cut off go on.
import { destroyUnits, type DestroyTools } from '../commands/destroyUnits.ts'
import { openRuns } from '../readmodels/retention.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import type { Job } from './port.ts'

export type DestructionTools = DestroyTools &
  Readonly<{
    db: OpenDatabase['db']
    inTurn: <T>(id: string, act: () => Promise<T>) => Promise<T>
    /** Resolves when the read models know every run. */
    settled: () => Promise<void>
  }>

export const destructionsJob = ({ db, inTurn, settled, ...tools }: DestructionTools): Job => ({
  name: 'destructions',
  everySeconds: 300,
  run: async (each) => {
    await settled()
    await each(await openRuns(db), (run) =>
      inTurn(run, async () => {
        await destroyUnits(tools, run)
      }),
    )
  },
})
