// A service of its own that has a key made on the token of the authorities, until it is killed: its signer process outlives it.
//   makeForever.ts SETTINGS ID
import { openPkcs11Keys, type Pkcs11Settings } from '../../hsm/pkcs11.ts'

const [settings = '', id = ''] = process.argv.slice(2)
const keys = await openPkcs11Keys(JSON.parse(settings) as Pkcs11Settings)
process.send?.('open')
process.once('message', () => void keys.generate({ id, purpose: 'ca', algorithm: 'ecP256' }))
