// The escrow with its rows in PostgreSQL, on a server and in this process; keys.test.ts has it with its rows in a file.
import { describe } from 'vitest'
import { escrowContract, rowsPlaces } from './escrowContract.ts'
import { inSoftware } from './keysContract.ts'

describe('the escrow in PGlite', () => escrowContract(inSoftware, rowsPlaces.inPglite))
describe('the escrow in PostgreSQL', () => escrowContract(inSoftware, rowsPlaces.onServer))
