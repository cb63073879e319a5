// What may be done by one at a time, whichever process of the installation asks: in this process alone where the database is its own,
// by PostgreSQL's advisory locks where it is shared (docs/adr/0027).
import { setTimeout as sleep } from 'node:timers/promises'
import { Contended } from '../../commands/handle.ts'
import { ProcessRefused } from '../../commands/program.ts'
import { openTurns, type InTurn } from '../../domain/turns.ts'
import { openLocks, type GiveBack } from '../../host/postgresLocks.ts'

export type Turns = Readonly<{
  /**
   * Runs an act after those of the same name that are under way, here or in another process.
   * @throws Contended where the act was refused and its turn had been lost meanwhile: another may have ended what it had begun
   */
  inTurn: InTurn
  /** Takes all of these names if nobody has one of them. @returns how to give them back; undefined where somebody does */
  alone: (names: readonly string[]) => Promise<(() => Promise<void>) | undefined>
  close: () => Promise<void>
}>

/** How long a turn that somebody else has is waited for before it is asked for again, in milliseconds. */
const askAgainMs = 20

const openOwnTurns = (): Turns => {
  const taken = new Set<string>()
  return {
    inTurn: openTurns(),
    alone: async (names) => {
      if (names.some((name) => taken.has(name))) return undefined
      for (const name of names) taken.add(name)
      return async () => {
        for (const name of names) taken.delete(name)
      }
    },
    close: async () => undefined,
  }
}

const openSharedTurns = (url: string): Turns => {
  const [own, locks] = [openOwnTurns(), openLocks(url)]
  const wait = async (name: string): Promise<GiveBack> => {
    for (;;) {
      const release = await locks.take(name)
      if (release !== undefined) return release
      await sleep(askAgainMs)
    }
  }
  return {
    // Within the process first: its acts share one session, to which a lock that it holds is no hindrance.
    inTurn: (name, act) =>
      own.inTurn(name, async () => {
        const release = await wait(`turn ${name}`)
        try {
          const done = await act()
          await release()
          return done
        } catch (fault) {
          const wasOurs = await release()
          if (wasOurs || !(fault instanceof ProcessRefused)) throw fault
          throw new Contended('its turn was lost to another in the middle of the act', { cause: fault })
        }
      }),
    alone: async (names) => {
      const mine = await own.alone(names)
      if (mine === undefined) return undefined
      let taken: GiveBack | undefined
      try {
        taken = await locks.take(...names.map((name) => `alone ${name}`))
      } finally {
        if (taken === undefined) await mine()
      }
      return (
        taken &&
        (async () => {
          await taken()
          await mine()
        })
      )
    },
    close: locks.close,
  }
}

/** @param databaseUrl PostgreSQL that other processes work with too; undefined: this process is alone */
export const openInstallationTurns = (databaseUrl: string | undefined): Turns =>
  databaseUrl === undefined ? openOwnTurns() : openSharedTurns(databaseUrl)
