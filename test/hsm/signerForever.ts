// A signer process of its own, quick, on a clock that stands still; it can be told to die with an act done and its answer not sent.
//   signerForever.ts DIRECTORY SOCKET
import { readConfig } from '../../cli/config.ts'
import { openHeldCustody } from '../../cli/parts.ts'
import { serveCustody } from '../../hsm/signer/server.ts'
import { holderKeys, transportPair } from '../support/holderKeys.ts'

export type ToSigner = Readonly<{ dieAfter: string }>

const [directory = '', socket = ''] = process.argv.slice(2)
const config = readConfig({ DATA_DIR: directory })
const source = holderKeys(() => held.vault.escrow.inventory())
const clock = (): Date => new Date('2026-03-02T09:00:00Z')
const held = await openHeldCustody(config, { clock, cost: 2, holderKeys: source, transportPair })

let doomed = ''
process.on('message', ({ dieAfter }: ToSigner) => {
  doomed = dieAfter
  process.send?.('armed')
})

type Act = (...asked: unknown[]) => unknown

/** The same port, whose acts may be the last thing that the process does. */
const mortal = <T extends object>(name: string, port: T): T =>
  Object.fromEntries(
    Object.entries(port).map(([act, done]: [string, unknown]) => [
      act,
      typeof done !== 'function'
        ? done
        : async (...asked: unknown[]) => {
            const answer = await (done as Act)(...asked)
            if (doomed === `${name}.${act}`) process.kill(process.pid, 'SIGKILL')
            return answer
          },
    ]),
  ) as T

const { escrow, deliveries } = held.vault
await serveCustody(
  {
    ...held,
    keys: { ...held.keys, signer: async (id) => mortal('keys', await held.keys.signer(id)) },
    vault: {
      ...held.vault,
      // Pages of rows are no single act.
      escrow: { ...mortal('escrow', escrow), rows: escrow.rows },
      deliveries: mortal('deliveries', deliveries),
    },
    cards: mortal('cards', held.cards),
  },
  { socket, environment: config.policy.environment, leaseMs: 1 },
)
process.send?.('serving')
process.on('disconnect', () => process.exit())
