// A signer process over keys in software, for a bench: one key pair of each kind asked for, at the ids that it is given.
//   signerForever.ts DIRECTORY SOCKET
import { readConfig } from '../../cli/config.ts'
import { openHeldCustody } from '../../cli/parts.ts'
import { serveCustody } from '../../hsm/signer/server.ts'

const [directory = '', socket = ''] = process.argv.slice(2)
const config = readConfig({ DATA_DIR: directory })
const custody = await openHeldCustody(config, { cost: 2 })
await serveCustody(custody, { socket, environment: config.policy.environment })
process.send?.({})
process.on('disconnect', () => process.exit())
