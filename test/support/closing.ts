// What the test run says at its end, and whether it passed.
/** `reason` is what the test gave to `skip(…)`. */
export type Skipped = Readonly<{ name: string; reason?: string }>
export type Report = Readonly<{ passed: number; failed: readonly string[]; skipped: readonly Skipped[] }>

/** A test may also carry its condition in its title, as `… (needs LEDGER_URL)`. */
const reasonOf = ({ name, reason }: Skipped): string | undefined =>
  reason ?? /\((needs [^)]+)\)/.exec(name)?.[1]

const list = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]

/**
 * The last lines of the output: every test that failed or was skipped by its name, then the counts alone on the last.
 * A run fails on any failure, when no test ran, and when a test was skipped without a reason.
 * @param isFiltered tests were picked by name (`-t`): those that were not picked are not counted as skipped
 */
export const closing = (
  report: Report,
  isFiltered = false,
): Readonly<{ lines: readonly string[]; status: 0 | 1 }> => {
  const { passed, failed } = report
  const skipped = report.skipped.filter((test) => !isFiltered || reasonOf(test) !== undefined)
  const ranNothing = passed + failed.length === 0
  const unexplained = skipped.some((test) => reasonOf(test) === undefined)
  const counts = [`${String(passed)} passed`, `${String(failed.length)} failed`]
  if (skipped.length > 0) counts.push(`${String(skipped.length)} skipped`)
  return {
    lines: [
      ...list('failed:', failed),
      ...list(
        'skipped:',
        skipped.map((test) => `${test.name}: ${reasonOf(test) ?? 'WITHOUT A REASON'}`),
      ),
      ...(unexplained
        ? ['', 'A test may be skipped with a reason only: skip(reason), or "(needs …)" in its title.']
        : []),
      ...(ranNothing ? ['', 'No test ran.'] : []),
      '',
      counts.join(', '),
    ],
    status: failed.length > 0 || ranNothing || unexplained ? 1 : 0,
  }
}
