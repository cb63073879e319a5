// A process of its own that puts data keys into a vault and says which ones it was told are safe, until it is killed.
import { join } from 'node:path'
import { openKeys, now } from './custody.ts'
import { openVault } from '../../hsm/vault.ts'

const directory = process.argv[2] ?? ''
const vault = await openVault({ directory: join(directory, 'vault'), keys: await openKeys(directory), now })
const put = async (writer: number): Promise<void> => {
  for (let i = 0; ; i += 1) {
    const keyId = `reg_${writer}-${i}`
    const key = await vault.dataKeys.obtain(keyId)
    // Synchronous: what is not written when the process dies was never said.
    process.stdout.write(`${keyId} ${Buffer.from(key).toString('hex')}\n`)
  }
}
await Promise.all([0, 1, 2, 3].map(put))
