// The process of the token cards: it alone loads their module. Cards come and go, so each act opens the module on the one card that it
// is about, and closes it: one act after the other, as in a reader.
import { rmSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pkcs11js, { type Handle, type PKCS11 } from 'pkcs11js'
import { faultOf, isFinal, ModuleFault } from '../pkcs11/fault.ts'
import type { FromSigner } from '../pkcs11/protocol.ts'
import { openCardActs, type Reader } from './acts.ts'
import type { CardAct, CardModule, ToCards } from './protocol.ts'

const tokens = 'tokens'

/** Leads the module to the token of a folder, and nothing else. @throws where the folder is gone */
const pointTo = (folder: string): void => {
  const settings = join(folder, 'softhsm2.conf')
  const directory = join(folder, tokens)
  writeFileSync(
    settings,
    `directories.tokendir = ${directory}\nobjectstore.backend = file\nlog.level = ERROR\n`,
    { mode: 0o600 },
  )
  process.env['SOFTHSM2_CONF'] = settings
}

const isInitialised = (module: PKCS11, slot: Handle): boolean =>
  (module.C_GetTokenInfo(slot).flags & pkcs11js.CKF_TOKEN_INITIALIZED) !== 0

const openReader = ({ module: file, wrapMechanism }: CardModule): Reader => {
  const module = new pkcs11js.PKCS11()
  try {
    module.load(file)
  } catch {
    throw new ModuleFault('device', `the PKCS#11 module cannot be loaded: ${file}`)
  }
  const finalize = (): void => {
    try {
      module.C_Finalize()
    } catch {
      // It was not initialised, which is what was wanted.
    }
  }
  const initialise = (folder: string): void => {
    finalize()
    pointTo(folder)
    module.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
  }
  return {
    module,
    wrapMechanism,
    slot: (folder, wanted) => {
      initialise(folder)
      const slots = module.C_GetSlotList(true)
      return slots.find((slot) => isInitialised(module, slot) === (wanted === 'initialised'))
    },
    blank: (folder) => {
      finalize()
      rmSync(join(folder, tokens), { recursive: true, force: true })
      mkdirSync(join(folder, tokens), { mode: 0o700 })
    },
    close: finalize,
  }
}

let opened: Readonly<{ reader: Reader; acts: ReturnType<typeof openCardActs> }> | ModuleFault | undefined

/** To a service that has ended nothing is said. */
const say = (message: FromSigner): void => {
  if (process.connected) process.send?.(message)
}

const perform = (act: CardAct, asked: object): unknown => {
  if (opened === undefined) throw new ModuleFault('device', 'the process was not told of a module')
  if (opened instanceof ModuleFault) throw opened
  const { acts, reader } = opened
  try {
    return (acts[act] as (asked: object) => unknown)(asked)
  } finally {
    reader.close()
  }
}

process.on('message', (message: ToCards) => {
  if ('close' in message) process.exit(0)
  if ('open' in message) {
    try {
      const reader = openReader(message.open)
      opened = { reader, acts: openCardActs(reader) }
    } catch (error) {
      opened = faultOf(error, 'load the module')
    }
    return
  }
  const { nth, act, asked } = message
  try {
    say({ nth, answer: perform(act, asked) })
  } catch (error) {
    const fault = faultOf(error, act)
    // What one card refuses for good says nothing of the next one: the client would never ask again (client.ts).
    const kind = isFinal(fault) ? 'notAllowed' : fault.kind
    say({ nth, fault: { kind, message: fault.message } })
  }
})
process.on('disconnect', () => process.exit(0))
// The terminal's interrupt is for the service, which lets go of us when it is done.
process.on('SIGINT', () => undefined)
