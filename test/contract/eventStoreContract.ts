// The cases of eventstoredb.md section 8 that concern the port (scope A): they hold on every event store there is. The log
// may hold anything else besides, and other writers may be at work: each case looks at its own streams.
import { afterAll, beforeAll, describe } from 'vitest'
import { appending } from './port/appending.ts'
import { reading, restarting } from './port/reading.ts'
import { removing } from './port/removing.ts'
import { subscribing } from './port/subscribing.ts'
import type { Target } from './port/target.ts'

/** Runs the cases on the store that `open` opens; `open` is called once. */
export const eventStoreContract = (name: string, open: () => Promise<Target>): void => {
  describe(name, () => {
    let target: Target
    const current = (): Target => target
    beforeAll(async () => {
      target = await open()
    })
    afterAll(() => target.close())

    appending(current)
    reading(current)
    removing(current)
    subscribing(current)
    restarting(current, async () => {
      target = await target.restart()
    })
  })
}
