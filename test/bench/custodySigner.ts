// Signing through a signer process (docs/adr/0026), beside the same kind of key in the process that asks.
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { openSignerCustody } from '../../hsm/signer/client.ts'
import { openSoftwareKeys } from '../../hsm/software.ts'
import { speedOf, takeTurns, withWorkers, type Asked, type Comparison } from './bench.ts'
import { inDirectory } from './directory.ts'

const callers = 16
const kinds = [
  { algorithm: 'rsa4096', id: '00000000-0000-4000-8000-000000004096', many: 400 },
  { algorithm: 'ecP384', id: '00000000-0000-4000-8000-000000000384', many: 800 },
] as const

export const signerBench = (asked: Asked): Promise<readonly Comparison[]> =>
  inDirectory(async (directory) => {
    const socket = join(directory, 'signer', 'custody.sock')
    const served = fork(join(import.meta.dirname, 'signerForever.ts'), [join(directory, 'data'), socket], {
      execArgv: ['--import', 'tsx'],
    })
    await once(served, 'message')
    const { keys: asks, close } = await openSignerCustody({ socket, environment: 'test' })
    const keys = await openSoftwareKeys({ directory: join(directory, 'own'), master: randomBytes(32) })
    const comparisons: Comparison[] = []
    try {
      for (const { algorithm, id, many } of kinds) {
        const count = asked.quick ? many / 10 : many
        await Promise.all([keys, asks].map((one) => one.generate({ id, purpose: 'ca', algorithm })))
        const [there, here] = [await asks.signer(id), await keys.signer(id)]
        const tbs = randomBytes(1200)
        const signing = (signer: typeof here) => () =>
          speedOf(count, () => withWorkers(callers, count, () => signer.sign(tbs)))
        const speeds = await takeTurns({ ours: signing(there), baseline: signing(here) }, asked)
        comparisons.push({
          ...{ what: `signing through the signer process, ${algorithm}`, unit: 'signatures/s', ...speeds },
          against: 'the same in the process that asks, keys in software',
        })
      }
      return comparisons
    } finally {
      await close()
      await keys.close()
      const ended = once(served, 'exit')
      served.disconnect()
      await ended
    }
  })
