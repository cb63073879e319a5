// The slot that a token is in, and what the module says of both.
import type { Handle, PKCS11 } from 'pkcs11js'
import { faultOf, ModuleFault } from './fault.ts'

const stripped = (text: string): string => text.replace(/[\0 ]+$/, '')

const notThere = (): ModuleFault => new ModuleFault('lost', 'the token is not there')

/** The slot of the token; its number is another one in each process. */
export const slotOf = (
  module: PKCS11,
  wanted: string,
): Readonly<{ slot: Handle; label: string; serial: string }> => {
  const found = module
    .C_GetSlotList(true)
    .map((slot) => {
      const { label, serialNumber } = module.C_GetTokenInfo(slot)
      return { slot, label: stripped(label), serial: stripped(serialNumber) }
    })
    .filter(({ label, serial }) => label === wanted || serial === wanted)
  const [one, ...others] = found
  if (one === undefined) throw notThere()
  if (others.length > 0) throw new ModuleFault('lost', 'two tokens have this label: name it by its serial')
  return one
}

/**
 * A token is known by two names, and is the same one by either.
 * @throws ModuleFault where it is one of those that it must not be
 */
export const requireApart = (
  { label, serial }: Readonly<{ label: string; serial: string }>,
  others: readonly string[],
): void => {
  if ([label, serial].some((name) => others.includes(name)))
    throw new ModuleFault('notAllowed', `the token ${label}, ${serial}, is one of the installation’s own`)
}

export const describe = (module: PKCS11): string => {
  const { manufacturerID, libraryDescription, libraryVersion } = module.C_GetInfo()
  const name = `${stripped(manufacturerID)} ${stripped(libraryDescription)}`
  return `${name} ${libraryVersion.major}.${libraryVersion.minor}`
}

/**
 * What it is not when it is opened, it will not be at the next try: another token, or this one initialised anew. One that has gone since has
 * no canary either, and is not judged by that.
 */
export const verdictOf = (module: PKCS11, slot: Handle, error: unknown): ModuleFault => {
  const fault = faultOf(error, 'look at the canary')
  if (fault.kind !== 'lost') return fault
  try {
    module.C_GetTokenInfo(slot)
  } catch {
    return notThere()
  }
  return new ModuleFault('foreign', fault.message)
}
