// What the status process serves, kept in a directory of its own: certificates, the newest list of each authority, OCSP answers until
// their end. It is read at a start, and served whatever else is down. Nothing in it is secret.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CrlFile } from '../../api/crlFile.ts'
import type { KeptAnswer, OcspKeeper } from '../../api/ocspKept.ts'
import type { Authorities } from '../../commands/findChain.ts'
import { publicAuthority, sha256 } from '../../commands/issuing.ts'
import { makePrivateDirectory, readIfPresent, replaceDurable, unfinished } from '../../hsm/durable.ts'
import type { OcspStatus } from '../../pki/ocsp.ts'
import { verifySignedBy } from '../../pki/fields.ts'

export type ListName = 'crl' | 'rootCrl'

export type StatusKeep = OcspKeeper &
  Readonly<{
    authorities: () => Authorities | undefined
    setAuthorities: (found: Authorities) => Promise<void>
    list: (name: ListName) => CrlFile | undefined
    /**
     * Keeps a list, unless a later one is kept: rows that are built anew come to the older ones first. One that could not be written is
     * served, and written when it is given again.
     */
    setList: (name: ListName, file: CrlFile) => Promise<void>
    /** Serials that kept answers speak of. */
    serials: () => readonly string[]
    /** Drops the answers that are contradicted, and those that have ended. @param statusOf undefined where nothing is known against it */
    review: (statusOf: (serial: string) => OcspStatus | undefined) => void
    /** Resolves when everything kept so far is on disk. */
    written: () => Promise<void>
  }>

/** Answers kept at most beside those that are made ready; the oldest goes first. */
const most = 10_000

const answersFolder = 'ocsp'
const names = { ca: 'ca.cer', rootCa: 'root.cer' } as const

/** Two certificates that belong together, or nothing. */
const readAuthorities = async (directory: string): Promise<Authorities | undefined> => {
  const [ca, root] = await Promise.all(
    [names.ca, names.rootCa].map((name) => readIfPresent(join(directory, name))),
  )
  if (ca === undefined || root === undefined) return undefined
  try {
    const rootCa = publicAuthority(root)
    if (!verifySignedBy(root, rootCa.issuer.spki) || !verifySignedBy(ca, rootCa.issuer.spki)) return undefined
    return { rootCa, ca: publicAuthority(ca) }
  } catch {
    return undefined
  }
}

const parsed = (text: Buffer | undefined): unknown => {
  try {
    return text === undefined ? undefined : (JSON.parse(text.toString('utf8')) as unknown)
  } catch {
    return undefined
  }
}

const listFile = (name: ListName, number: number | ''): string => `${name}-${number}.der`

/** A list as it was kept; one that is damaged, or that its authority has not signed, is none. */
const readList = async (
  directory: string,
  name: ListName,
  spki: Uint8Array,
): Promise<CrlFile | undefined> => {
  const about = parsed(await readIfPresent(join(directory, `${name}.json`))) as
    Omit<CrlFile, 'bytes'> | undefined
  const bytes = await readIfPresent(join(directory, listFile(name, about?.number ?? '')))
  if (about === undefined || bytes === undefined) return undefined
  return sha256(bytes) === about.sha256 && verifySignedBy(bytes, spki) ? { ...about, bytes } : undefined
}

/** The octets first: what is said about a list is never there without it. */
const writeList = async (directory: string, name: ListName, { bytes, ...about }: CrlFile): Promise<void> => {
  await replaceDurable(join(directory, listFile(name, about.number)), bytes)
  await replaceDurable(join(directory, `${name}.json`), Buffer.from(JSON.stringify(about)))
}

/** Removes what lists that came before, or were cut off, have left. */
const clearAway = async (directory: string, isLeft: (file: string) => boolean): Promise<void> => {
  for (const file of await readdir(directory))
    if (isLeft(file)) await rm(join(directory, file), { force: true })
}

type StoredAnswer = Omit<KeptAnswer, 'bytes'> & Readonly<{ bytes: string }>

const readAnswers = async (directory: string): Promise<Map<string, KeptAnswer>> => {
  const found: [string, KeptAnswer][] = []
  for (const name of await readdir(directory)) {
    const stored = parsed(await readIfPresent(join(directory, name))) as StoredAnswer | undefined
    if (stored === undefined) await rm(join(directory, name), { force: true })
    else found.push([name, { ...stored, bytes: Buffer.from(stored.bytes, 'base64') }])
  }
  return new Map(found.toSorted(([, a], [, b]) => (a.thisUpdate < b.thisUpdate ? -1 : 1)))
}

const contradict = (one: OcspStatus | undefined, found: OcspStatus | undefined): boolean =>
  found !== undefined && JSON.stringify(one) !== JSON.stringify(found)

/**
 * Opens the directory.
 * @param onFault told where something could not be kept: it is served from memory meanwhile
 * @param ready answers that are made before anybody asks (cli/roles/statusReady.ts)
 */
export const openStatusKeep = async (
  directory: string,
  now: () => string,
  onFault: (error: unknown) => void,
  ready = 0,
): Promise<StatusKeep> => {
  const answersIn = join(directory, answersFolder)
  await makePrivateDirectory(answersIn)
  for (const one of [directory, answersIn]) await clearAway(one, (file) => file.endsWith(unfinished))
  let authorities = await readAuthorities(directory)
  const spkis = { crl: authorities?.ca.issuer.spki, rootCrl: authorities?.rootCa.issuer.spki }
  const lists = new Map<ListName, CrlFile>()
  for (const name of ['crl', 'rootCrl'] as const) {
    const spki = spkis[name]
    const file = spki === undefined ? undefined : await readList(directory, name, spki)
    if (file !== undefined) lists.set(name, file)
  }
  /** Numbers of the lists that a start would find. */
  const onDisk = new Map([...lists].map(([name, { number }]) => [name, number]))
  const answers = await readAnswers(answersIn)

  // One write after the other: answers must not wait for a disk, and a removal must not overtake a write.
  let writing: Promise<unknown> = Promise.resolve()
  const inOrder = (act: () => Promise<void>): void => {
    writing = writing.then(act).catch(onFault)
  }
  const drop = (key: string): void => {
    answers.delete(key)
    inOrder(() => rm(join(answersIn, key), { force: true }))
  }

  return {
    authorities: () => authorities,
    setAuthorities: async (found) => {
      for (const [which, name] of Object.entries(names))
        await replaceDurable(join(directory, name), found[which as keyof Authorities].certificate)
      authorities = found
    },
    list: (name) => lists.get(name),
    setList: async (name, file) => {
      if ((lists.get(name)?.number ?? -1) > file.number || onDisk.get(name) === file.number) return
      try {
        // Written, and then served: a start never comes back to an older one than somebody was given. A disk that takes nothing keeps
        // nobody from the newer one.
        await writeList(directory, name, file)
        onDisk.set(name, file.number)
        const own = listFile(name, file.number)
        await clearAway(directory, (found) => found.startsWith(`${name}-`) && found !== own)
      } catch (error) {
        onFault(error)
      }
      lists.set(name, file)
    },
    keep: (key, answer) => {
      answers.delete(key)
      answers.set(key, answer)
      const stored: StoredAnswer = { ...answer, bytes: Buffer.from(answer.bytes).toString('base64') }
      inOrder(async () => {
        try {
          await replaceDurable(join(answersIn, key), Buffer.from(JSON.stringify(stored)))
        } catch (error) {
          // What it was to replace may say the contrary: no start is to find it.
          await rm(join(answersIn, key), { force: true })
          throw error
        }
      })
      const [oldest] = answers.keys()
      if (answers.size > most + ready && oldest !== undefined) drop(oldest)
    },
    find: (key) => {
      const answer = answers.get(key)
      return answer !== undefined && answer.nextUpdate > now() ? answer : undefined
    },
    serials: () => [...new Set([...answers.values()].flatMap(({ serials }) => serials))],
    review: (statusOf) => {
      for (const [key, { nextUpdate, serials, statuses }] of [...answers])
        if (
          nextUpdate <= now() ||
          serials.some((serial, index) => contradict(statuses[index], statusOf(serial)))
        )
          drop(key)
    },
    written: async () => {
      await writing
    },
  }
}
