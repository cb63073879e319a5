// Where the numbers of /metrics come from. A process gives those that it has: what it leaves out is not shown, so that nobody takes the
// absence of a part for a zero. Nothing in here may name a person, an entity, a certificate or an address.

/** What a scrape asks for. Each is asked anew for each scrape, unless it keeps its answer for a while itself (`keptFor`). */
export type Sources = Partial<
  Readonly<{
    /** Holders' certificates by what they have become and the kind of their card. */
    certificates: () => Promise<readonly Readonly<{ status: string; card: string; count: number }>[]>
    /** Valid certificates that end within a window, as `30d`. */
    expiring: () => Promise<readonly Readonly<{ window: string; count: number }>[]>
    /** Requests for recovery that are neither delivered nor refused. */
    recoveryPending: () => Promise<number>
    /** The newest list of each authority, `issuing` or `root`. */
    crls: () => Promise<
      readonly Readonly<{
        ca: string
        number: number
        ageSeconds: number
        /** In seconds since 1970. */
        nextUpdate: number
        /** Not known of a list that is kept as octets. */
        entries?: number
      }>[]
    >
    projections: () => Promise<
      readonly Readonly<{ projection: string; lagEvents: number; lagSeconds: number }>[]
    >
    /** How long revocations take to be seen, in seconds (jobs/revocationDelay.ts). */
    revocationDelays: () => Promise<readonly Readonly<{ seen: string; seconds: number }>[]>
    /** Runs of each job by state. */
    queues: () => Promise<readonly Readonly<{ queue: string; state: string; count: number }>[]>
    /** Whether what holds the keys works. */
    hsmUp: () => Promise<boolean>
    /** When `ledger verify` last found nothing, in seconds since 1970; 0: never here. */
    lastVerified: () => Promise<number>
    /** As /readyz has them: name → true, or what is wrong. */
    checks: () => Promise<Readonly<Record<string, true | string>>>
    alarms: () => Promise<Readonly<Record<string, true | string>>>
    /** Seconds by which another clock is ahead of ours (negative: behind). */
    clockOffsets: () => Promise<readonly Readonly<{ clock: string; seconds: number }>[]>
    /** Free octets of the data directory. */
    diskFree: () => Promise<number>
  }>
>

export type SourceName = keyof Sources
export type ValueOf<N extends SourceName> = Awaited<ReturnType<NonNullable<Sources[N]>>>

/** Asks at most every `seconds`: for what costs a look at a whole table. `now` in seconds. */
export const keptFor = <T>(
  seconds: number,
  now: () => number,
  read: () => Promise<T>,
): (() => Promise<T>) => {
  let last: Readonly<{ at: number; value: Promise<T> }> | undefined
  return () => {
    const at = now()
    if (last === undefined || at - last.at >= seconds || at < last.at) {
      const asked = { at, value: read() }
      last = asked
      // What failed is not kept.
      asked.value.catch(() => {
        if (last === asked) last = undefined
      })
    }
    return last.value
  }
}
