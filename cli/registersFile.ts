// The two registers of an installation, each a file of mode 0600, enciphered under the custody's passphrase: they hold people.
// The command line replaces a file whole; the running service reads it again at its next question.
import { statSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Registers } from '../commands/registers.ts'
import type { AgentRecord } from '../domain/policy/cardKind.ts'
import { comparedWords, normaliseEmail } from '../domain/policy/names.ts'
import { closeBox, openBox } from '../hsm/box.ts'
import { clearAbandoned, makePrivateDirectory, replaceDurable } from '../hsm/durable.ts'

/** Somebody in the RA's reference directory. */
export type DirectoryEntry = Readonly<{ surname: string; givenNames: string; email?: string | undefined }>

export type RegisterEntries = Readonly<{
  referential: readonly AgentRecord[]
  directory: readonly DirectoryEntry[]
}>
export type RegisterName = keyof RegisterEntries

export type RegisterPlace = Readonly<{ dataDir: string; key: Uint8Array }>

const fileOf = (dataDir: string, name: RegisterName): string => join(dataDir, `${name}.register`)
const boundTo = (name: RegisterName): string => `grand-livre/${name}/v1`

/** Puts a register in the place of the one before, for good once it resolves. */
export const saveRegister = async <N extends RegisterName>(
  { dataDir, key }: RegisterPlace,
  name: N,
  entries: RegisterEntries[N],
): Promise<void> => {
  await makePrivateDirectory(dataDir)
  await clearAbandoned(dataDir)
  const box = closeBox(key, boundTo(name), Buffer.from(JSON.stringify(entries)))
  await replaceDurable(fileOf(dataDir, name), box)
}

/** What the file now holds, read again only when it is another; undefined where there is none. */
const opened = <N extends RegisterName, T>(
  { dataDir, key }: RegisterPlace,
  name: N,
  indexOf: (entries: RegisterEntries[N]) => T,
): (() => T | undefined) => {
  const file = fileOf(dataDir, name)
  let read: { stamp: string; index: T | undefined } = { stamp: '', index: undefined }
  return () => {
    const info = statSync(file, { throwIfNoEntry: false })
    const stamp = info === undefined ? '' : `${info.ino}|${info.mtimeMs}|${info.size}`
    if (stamp !== read.stamp) {
      const text = openBox(key, boundTo(name), readFileSync(file)).toString('utf8')
      read = { stamp, index: indexOf(JSON.parse(text) as RegisterEntries[N]) }
    }
    return stamp === '' ? undefined : read.index
  }
}

const fullName = ({ surname, givenNames }: Readonly<{ surname: string; givenNames: string }>): string =>
  comparedWords(`${surname} ${givenNames}`).join(' ')

/** The registers as a request asks for them. @throws KeyFault when a file was changed, or written under another key */
export const openRegisters = (place: RegisterPlace): Registers => {
  const agents = opened(
    place,
    'referential',
    (entries) => new Map(entries.map((agent) => [agent.matricule, agent])),
  )
  const people = opened(place, 'directory', (entries) => ({
    emails: new Set(entries.flatMap(({ email }) => (email === undefined ? [] : [normaliseEmail(email)]))),
    names: new Set(entries.map(fullName)),
  }))
  return {
    referential: {
      find: async (matricule) => {
        const known = agents()
        return known === undefined || known.size === 0 ? 'empty' : (known.get(matricule) ?? 'unknown')
      },
    },
    directory: {
      knows: async (who) => {
        const known = people()
        if (known === undefined) return false
        return known.emails.has(normaliseEmail(who.email)) || known.names.has(fullName(who))
      },
    },
  }
}
