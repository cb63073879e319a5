// A process of its own that serves the ledger in a directory as an EventStoreDB node, until it is killed: what the server
// does is on another processor, and not in the client's numbers.
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { openLoopback } from '../support/eventstoredb/loopback.ts'

const path = process.argv[2] ?? ''
const { connectionString } = await openLoopback(() => openEmbeddedStore({ path }))
process.stdout.write(`${connectionString}\n`)
