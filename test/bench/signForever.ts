// A process of its own that has nothing but the module: it signs with a key of a token on as many sessions as it is told, all of them
// at work, whenever it is asked, until it is disconnected.
import pkcs11js, { type Handle } from 'pkcs11js'
import { withWorkers } from './bench.ts'

export type Begin = Readonly<{
  module: string
  token: string
  pin: string
  id: string
  sessions: number
  ec: boolean
}>
export type SignOrder = Readonly<{ count: number; octets: string }>

const open = ({ module: file, token, pin, id, sessions, ec }: Begin) => {
  const module = new pkcs11js.PKCS11()
  module.load(file)
  module.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
  const slot = module.C_GetSlotList(true).find((one) => module.C_GetTokenInfo(one).label.trim() === token)
  if (slot === undefined) throw new Error('there is no such token')
  const flags = pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION
  const opened = Array.from({ length: sessions }, () => module.C_OpenSession(slot, flags))
  const [first] = opened as [Handle]
  module.C_Login(first, pkcs11js.CKU_USER, pin)
  module.C_FindObjectsInit(first, [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
    { type: pkcs11js.CKA_ID, value: Buffer.from(id.replaceAll('-', ''), 'hex') },
  ])
  const [key] = module.C_FindObjects(first, 1)
  module.C_FindObjectsFinal(first)
  if (key === undefined) throw new Error('there is no such key')
  const mechanism = ec ? pkcs11js.CKM_ECDSA : pkcs11js.CKM_RSA_PKCS
  return async ({ count, octets }: SignOrder): Promise<void> => {
    const data = Buffer.from(octets, 'base64')
    const out = Array.from({ length: sessions }, () => Buffer.alloc(1024))
    await withWorkers(sessions, count, async (_, worker) => {
      const session = opened[worker]
      const buffer = out[worker]
      if (session === undefined || buffer === undefined) return
      module.C_SignInit(session, { mechanism }, key)
      await module.C_SignAsync(session, data, buffer)
    })
  }
}

let sign: ((order: SignOrder) => Promise<void>) | undefined

process.on('message', (message: Begin | SignOrder) => {
  if ('module' in message) sign = open(message)
  const done = 'module' in message ? Promise.resolve() : sign?.(message)
  void done?.then(() => process.send?.({}))
})
