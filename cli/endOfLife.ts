// `grand-livre end-of-life`: the checklist of the end of the authority, from the ledger alone. Nothing is changed.
import { planOfEnd, type Step } from '../commands/endOfLifePlan.ts'
import { foldOf } from '../commands/consider.ts'
import { refusals } from '../domain/refusals.ts'
import { replayEnd } from '../projections/endReplay.ts'
import { columns, openProgress, watched, type Output } from './output.ts'
import { instantsOf, ledgerOver, systemClock } from './parts.ts'
import { NothingThere, reading } from './reading.ts'

const numbers = (would: Step['would']): string =>
  Object.entries(would)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ') || '-'

const because = ({ done, refused }: Step): string => {
  if (done !== undefined) return `#${done.rank}, ${done.at}`
  return refused === undefined ? '-' : `${refused.clause}: ${refusals[refused.code].en} (${refused.detail})`
}

/** Shows each step of the end: how far it is, what it would do now, and why it is refused now. */
export const endOfLife = (env: NodeJS.ProcessEnv, output: Output): Promise<void> =>
  reading(env, async (store, config, head) => {
    const ledger = ledgerOver(store, config, undefined)
    const progress = openProgress('Reading')
    const at = instantsOf(systemClock)()
    const found = await replayEnd(ledger, watched(ledger.entries(), head, progress), at).finally(
      progress.stop,
    )
    if (found === undefined) throw new NothingThere('no authority has been installed in this ledger')
    const { issuer, observed } = found
    const steps = await planOfEnd({ issuer, at, observed, policy: config.policy, fold: foldOf(ledger) })
    const { count, audience } = observed
    output.result({ authority: issuer, at, count, audience, steps }, () =>
      [
        columns([
          ['STEP', 'CLAUSES', 'STATE', 'WOULD NOW', 'DONE, OR WHY NOT'],
          ...steps.map((step) => [
            ...[step.step, step.clauses.join(' '), step.state],
            ...[numbers(step.would), because(step)],
          ]),
        ]),
        `authority ${issuer}, after ${count.upTo} events, at ${at}; a dry run: nothing was changed`,
      ].join('\n'),
    )
  })
