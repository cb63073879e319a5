// What the status process serves, kept in a directory of its own: certificates, the newest list of each authority, OCSP answers until
// their end. It is read at a start, and served whatever else is down. Nothing in it is secret.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CrlFile } from '../../api/crlFile.ts'
import type { KeptAnswer, OcspKeeper } from '../../api/ocspKept.ts'
import type { Authorities } from '../../commands/findChain.ts'
import { publicAuthority, sha256 } from '../../commands/issuing.ts'
import { makePrivateDirectory, readIfPresent, replaceDurable } from '../../hsm/durable.ts'
import type { OcspStatus } from '../../pki/ocsp.ts'
import { verifySignedBy } from '../../pki/fields.ts'

export type ListName = 'crl' | 'rootCrl'

export type StatusKeep = OcspKeeper &
  Readonly<{
    authorities: () => Authorities | undefined
    setAuthorities: (found: Authorities) => Promise<void>
    list: (name: ListName) => CrlFile | undefined
    /** Keeps a list, unless a later one is kept: rows that are built anew come to the older ones first. */
    setList: (name: ListName, file: CrlFile) => Promise<void>
    /** Serials that kept answers speak of. */
    serials: () => readonly string[]
    /** Drops the answers that are contradicted, and those that have ended. */
    review: (statusOf: (serial: string) => OcspStatus) => void
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

/** A list as it was kept; one that is damaged, or that its authority has not signed, is none. */
const readList = async (
  directory: string,
  name: ListName,
  spki: Uint8Array,
): Promise<CrlFile | undefined> => {
  const about = parsed(await readIfPresent(join(directory, `${name}.json`))) as
    Omit<CrlFile, 'bytes'> | undefined
  const bytes = await readIfPresent(join(directory, `${name}-${about?.number ?? ''}.der`))
  if (about === undefined || bytes === undefined) return undefined
  return sha256(bytes) === about.sha256 && verifySignedBy(bytes, spki) ? { ...about, bytes } : undefined
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

const same = (one: OcspStatus | undefined, other: OcspStatus): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

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
  let authorities = await readAuthorities(directory)
  const spkis = { crl: authorities?.ca.issuer.spki, rootCrl: authorities?.rootCa.issuer.spki }
  const lists = new Map<ListName, CrlFile>()
  for (const name of ['crl', 'rootCrl'] as const) {
    const spki = spkis[name]
    const file = spki === undefined ? undefined : await readList(directory, name, spki)
    if (file !== undefined) lists.set(name, file)
  }
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
      const before = lists.get(name)
      if (before !== undefined && before.number >= file.number) return
      const { bytes, ...about } = file
      lists.set(name, file)
      await replaceDurable(join(directory, `${name}-${file.number}.der`), bytes)
      await replaceDurable(join(directory, `${name}.json`), Buffer.from(JSON.stringify(about)))
      if (before !== undefined) await rm(join(directory, `${name}-${before.number}.der`), { force: true })
    },
    keep: (key, answer) => {
      answers.delete(key)
      answers.set(key, answer)
      const stored: StoredAnswer = { ...answer, bytes: Buffer.from(answer.bytes).toString('base64') }
      inOrder(() => replaceDurable(join(answersIn, key), Buffer.from(JSON.stringify(stored))))
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
        if (nextUpdate <= now() || serials.some((serial, index) => !same(statuses[index], statusOf(serial))))
          drop(key)
    },
    written: async () => {
      await writing
    },
  }
}
