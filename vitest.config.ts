import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes longest, as it waits for processes, devices and clocks. */
const longest = ['hsm/pkcs11Faults', 'faults/crashes', 'hsm/keys', 'faults/outages']

/** Begins with these: whoever begins one of them last has the other workers wait for it with nothing to do. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const rank = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return rank < 0 ? longest.length : rank
    }
    return (await super.sort(files)).toSorted((one, other) => rankOf(one) - rankOf(other))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // V8's quick compiler alone: what the better one would do again for the embedded database is not worth it to a worker that lives for minutes.
    execArgv: ['--liftoff-only'],
    // One more than there are cores: many tests wait for a process, a server or a clock.
    maxWorkers: 3,
    // A module is loaded once a worker, not once a file: tests share nothing through them but tables and counters.
    isolate: false,
    sequence: { sequencer: LongestFirst },
  },
})
