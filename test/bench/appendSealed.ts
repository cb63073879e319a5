import type { Draft } from '../../ledger/ledger.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { appendAll, writers } from './append.ts'
import { speedOf, takeTurns, withWorkers, type Bench, type Speed } from './bench.ts'
import { inDirectory } from './directory.ts'
import { openLives, sealing, sealMany, type Lives } from './lives.ts'

const draftsOf = (lives: Lives, count: number): readonly Draft[] => {
  const drafts: Draft[] = []
  for (let n = 1; drafts.length < count; n += 1) drafts.push(...lives.copy(n).map(({ draft }) => draft))
  return drafts.slice(0, count)
}

const appendDrafts = async (path: string, drafts: readonly Draft[]): Promise<Speed> => {
  const store = await openEmbeddedStore({ path })
  const ledger = createLedger({ ...sealing(), store, now: () => new Date() })
  const revisions = new Map<number, number>()
  const speed = await speedOf(drafts.length, () =>
    withWorkers(writers, drafts.length, async (i, writer) => {
      const draft = drafts[i]
      if (draft === undefined) return
      const before = revisions.get(writer)
      await ledger.append(`writer-${writer}`, [draft], before ?? 'no_stream')
      revisions.set(writer, (before ?? -1) + 1)
    }),
  )
  await ledger.close()
  return speed
}

export const appendSealed: Bench = {
  name: 'append-sealed',
  about: 'the same through the sealed ledger: checked, canonical, every private field enciphered',
  run: async (asked) => {
    const lives = await openLives()
    const count = asked.quick ? 4000 : 40_000
    const drafts = draftsOf(lives, count)
    const events = await sealMany(lives, count)
    const { ours, baseline } = await takeTurns(
      {
        ours: () => inDirectory((path) => appendDrafts(path, drafts)),
        baseline: () => inDirectory((path) => appendAll(path, events)),
      },
      asked,
    )
    const sealed = drafts.reduce((sum, draft) => sum + Object.keys(draft.sealed).length, 0)
    return {
      comparisons: [
        {
          ...{ what: '128 writers, sealed', unit: 'events/s', ours, baseline },
          against: 'the embedded store alone, sealed before',
        },
      ],
      notes: [
        `${drafts.length} events with ${sealed} sealed fields a round; one stream in a writer's hands, so its last event is remembered`,
        'data keys are in memory: the vault writes a new unit to disk once, in production',
      ],
    }
  },
}
