// What a bench is, and how two ways of doing one thing are compared: in one run, in turn, on the same data. A machine that is
// slow or busy makes both slow, so the ratio is what is kept.

export type Asked = Readonly<{
  /** Small sizes and few rounds: shows that a bench runs, not how fast. */
  quick: boolean
}>

/** How many a second of the clock, and a second of this process's own work on a processor, which others do not take away. */
export type Speed = Readonly<{ clock: number; work: number }>

/** One comparison. `ours` and `baseline` hold a speed a round, in the same order. */
export type Comparison = Readonly<{
  what: string
  /** What the baseline does. */
  against: string
  unit: string
  ours: readonly Speed[]
  baseline: readonly Speed[]
  /** What the project asks for, shown beside what was measured. */
  required?: Readonly<{ speed?: number; ratio?: number }>
}>

export type Result = Readonly<{
  comparisons: readonly Comparison[]
  /** What the numbers depend on: sizes, what the disk can do. */
  notes: readonly string[]
}>

export type Bench = Readonly<{
  name: string
  about: string
  run: (asked: Asked) => Promise<Result>
}>

/** One round of one side. */
export type Side = () => Promise<Speed>

/** The speed of an act that does `count` things. */
export const speedOf = async (count: number, act: () => unknown): Promise<Speed> => {
  const cpu = process.cpuUsage()
  const before = performance.now()
  await act()
  const seconds = (performance.now() - before) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { clock: count / seconds, work: count / ((user + system) / 1_000_000) }
}

/**
 * Lets the sides take turns, after one round each that does not count. Every other round goes the other way, so that none
 * always follows the same one.
 * @returns the speeds of each side, in the order of the rounds
 */
export const takeTurns = async <S extends Readonly<Record<string, Side>>>(
  sides: S,
  { quick }: Asked,
): Promise<Readonly<Record<keyof S, readonly Speed[]>>> => {
  const names: (keyof S & string)[] = Object.keys(sides)
  const speeds = Object.fromEntries(names.map((name) => [name, [] as Speed[]])) as Record<keyof S, Speed[]>
  const rounds = quick ? 2 : 5
  for (let round = 0; round <= rounds; round += 1)
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const speed = await sides[name]?.()
      if (round > 0 && speed !== undefined) speeds[name].push(speed)
    }
  return speeds
}

/** Calls `act` with 0, 1, 2 … up to `count`, as many at once as there are workers. */
export const withWorkers = async (
  workers: number,
  count: number,
  act: (index: number, worker: number) => Promise<unknown>,
): Promise<void> => {
  let next = 0
  const work = async (worker: number): Promise<void> => {
    while (next < count) await act(next++, worker)
  }
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)))
}
