// A process of its own that opens a ledger in a directory whose disk takes nothing more, and says what becomes of that.
import { writeSync } from 'node:fs'
import { openEmbeddedStore } from '../../ledger/embedded.ts'

const said = await openEmbeddedStore({ path: process.argv[2] ?? '' }).then(
  () => 'opened',
  (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`,
)
writeSync(1, `${said}\n`)
