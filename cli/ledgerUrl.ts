// LEDGER_URL: judged before the client of EventStoreDB has it, and opened. What the client finds wrong it repeats with the whole address,
// password included, on standard error.
import { LedgerFault, type EventStore } from '../ledger/store.ts'
import { ConfigFault } from './configFault.ts'

// As the client reads it, a `:` ends a password, and a `/` before the options is a part of the last name unless a port is between.
const host = String.raw`[^@/?#,:;[\](){}<>|$+!*'"%~=&\s]+`
const node = String.raw`${host}(?::\d{1,5})?`
const end = String.raw`(?:/?$|(?:(?<=:\d+)/)?\?(?<options>[^?]+)$)`
const address = new RegExp(
  String.raw`^esdb(?:\+discover)?://(?:(?<user>[^:@\s]+:[^:@\s]+)@)?${node}(?:,${node})*${end}`,
)

const isWhether = (value: string): boolean => value === 'true' || value === 'false'
const isWhole = (value: string): boolean => /^\d+$/.test(value)
const isText = (value: string): boolean => value !== '' && canDecode(value)
/** -1: none is sent. */
const isInterval = (value: string): boolean => value === '-1' || isWhole(value)
const nodes = ['leader', 'follower', 'readonlyreplica', 'random']

/** As the client knows them, whose case and hyphens are anything. What it takes and does not keep to is not among them. */
const options: Readonly<Record<string, (value: string) => boolean>> = {
  tls: isWhether,
  tlsverifycert: (value) => value === 'true',
  throwonappendfailure: isWhether,
  tlscafile: isText,
  usercertfile: isText,
  userkeyfile: isText,
  connectionname: isText,
  nodepreference: (value) => nodes.includes(flat(value)),
  maxdiscoverattempts: isWhole,
  defaultdeadline: isWhole,
  discoveryinterval: isWhole,
  gossiptimeout: isWhole,
  keepaliveinterval: isInterval,
  keepalivetimeout: isInterval,
}

const flat = (name: string): string => name.toLowerCase().replace(/[_-]/g, '')

/** Whether each % begins what stands for a sign. */
export const canDecode = (text: string): boolean => {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

const fitsOption = (option: string): boolean => {
  const [name = '', value, ...more] = option.split('=')
  return value !== undefined && more.length === 0 && options[flat(name)]?.(value) === true
}

/** Whether the client of EventStoreDB reads this address as it is meant: its nodes, who signs in, and each of its options. */
export const isLedgerUrl = (text: string): boolean => {
  const { groups } = address.exec(text) ?? {}
  if (groups === undefined) return false
  const { user, options: given } = groups
  return (user === undefined || canDecode(user)) && (given?.split('&').every(fitsOption) ?? true)
}

/**
 * Opens the EventStoreDB at LEDGER_URL. Its client is loaded where there is one alone.
 * @throws ConfigFault where it names a file that is not there; LedgerFault when the store is out of reach
 */
export const openLedgerAt = async (url: string): Promise<EventStore> => {
  const { openEventStoreDb } = await import('../ledger/eventstoredb.ts')
  try {
    return await openEventStoreDb({ connectionString: url })
  } catch (error) {
    if (error instanceof LedgerFault) throw error
    throw new ConfigFault(`LEDGER_URL: ${(error as Error).message}`)
  }
}
