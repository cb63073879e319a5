// `grand-livre replay`: the status table as it stood, from the ledger alone.
import { statusDigest } from '../jobs/statusDigest.ts'
import { replayStatus } from '../projections/replay.ts'
import { ConfigFault } from './configFault.ts'
import { columns, openProgress, watched, type Output } from './output.ts'
import { ledgerOver } from './parts.ts'
import { reading } from './reading.ts'

/** An instant in UTC, to the second or the millisecond. @throws ConfigFault */
export const parseInstant = (text: string): string => {
  const fits = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(text)
  const normal = fits ? new Date(text) : undefined
  if (
    normal === undefined ||
    Number.isNaN(normal.getTime()) ||
    !normal.toISOString().startsWith(text.slice(0, 19))
  )
    throw new ConfigFault(`--at: ${text} is not an instant, as 2026-11-24T12:00:00Z`)
  return text
}

/** Shows the status table as it stood at an instant, from the ledger alone. */
export const replay = (env: NodeJS.ProcessEnv, output: Output, at: string): Promise<void> =>
  reading(env, async (store, config, head) => {
    const ledger = ledgerOver(store, config, undefined)
    const progress = openProgress('Replaying')
    const { size, entries } = await replayStatus(
      { ...ledger, entries: (after) => watched(ledger.entries(after), head, progress) },
      at,
    )
    progress.stop()
    const sha256 = statusDigest(entries)
    output.result({ at, size, sha256, entries }, () =>
      [
        columns([
          ['SERIAL', 'PROFILE', 'STATUS', 'NOT AFTER', 'REVOKED AT'],
          ...entries.map(({ serial, profile, status, notAfter, revokedAt = '' }) => [
            serial,
            profile,
            status,
            notAfter,
            revokedAt,
          ]),
        ]),
        `certificates: ${entries.length}, after ${size} events, at ${at}; SHA-256 of the table ${sha256}`,
      ].join('\n'),
    )
  })
