// Where the token of a card lies. A card is a folder: in `current` what its holder has, in `next` what a session is putting onto it. The
// one takes the place of the other when it is finished, so that a card in use stays as it was until then. The folder of all cards is
// the reader: where it is gone, no card answers.
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CardFault } from '../../pki/cardFault.ts'
import { closeBox, openBox } from '../box.ts'
import { readIfPresent, replaceDurable, syncDirectory } from '../durable.ts'
import { KeyFault } from '../keyFault.ts'
import { CardAbsent } from '../pcsc/fault.ts'

/** What the driver keeps of a card, on the card and under the master key: SoftHSM itself counts no tries (hsm.md 4.2). */
export type CardState = Readonly<{
  v: 1
  /** Newest first; `id` is the CKA_ID in hex. */
  keys: readonly Readonly<{ serial: string; id: string }>[]
  triesLeft: number
  pukTriesLeft: number
  /** The holder has defined a PIN; used: he has used it, and the desk has no say any more. */
  pin?: 'defined' | 'used'
  /** The PUK has been taken: the holder may define a PIN, until he has used the card with it. */
  unblocked?: true
}>

const parts = ['current', 'next', 'old'] as const
type Part = (typeof parts)[number]

export type Folders = Readonly<{
  /** The folder of one part of a card. @throws KeyFault where `card` is no id */
  of: (card: string, part: Part) => string
  /** Whether the reader is there, and the card in it, if it was before. */
  has: (card: string, part?: Part) => boolean
  isReader: () => boolean
  /** Makes good what a crash has left of the change from one part to the other. */
  settle: (card: string) => Promise<void>
  /** The folder of what is put onto the card, made where there is none. @throws ENOENT where the reader is gone */
  begin: (card: string) => Promise<string>
  /** What was begun is the card from now on. */
  finish: (card: string) => Promise<void>
  /** @throws CardFault `CardForeign` where what lies in the card's place is another one's */
  state: (card: string) => Promise<CardState | undefined>
  save: (card: string, part: Part, state: CardState) => Promise<void>
  /**
   * Overwrites and removes every part of the card: to initialise a token anew does not do away with its keys (hsm.md 5). A note stays
   * that it was erased: given again after a crash, it says so of this card, and of no blank one in its place.
   * @returns false where a blank card is there, without that note
   * @throws CardAbsent where none is
   */
  erase: (card: string) => Promise<boolean>
}>

const cardId = /^[A-Za-z0-9-]{1,64}$/

const overwrite = async (path: string): Promise<void> => {
  const { size } = await stat(path)
  const file = await open(path, 'r+')
  try {
    await file.write(Buffer.alloc(size), 0, size, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}

const eraseFolder = async (folder: string): Promise<void> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries) if (entry.isFile()) await overwrite(join(entry.parentPath, entry.name))
  await rm(folder, { recursive: true })
}

/** @param key 32 octets, for the states of cards only */
export const openFolders = (directory: string, key: Uint8Array): Folders => {
  const cardOf = (card: string): string => {
    if (!cardId.test(card)) throw new KeyFault('that is not the id of a card')
    return join(directory, card)
  }
  const of = (card: string, part: Part): string => join(cardOf(card), part)
  const has = (card: string, part?: Part): boolean =>
    existsSync(part === undefined ? cardOf(card) : of(card, part))
  const boundTo = (card: string): string => `grand-livre/token-card|${card}`

  const settle = async (card: string): Promise<void> => {
    if (!has(card, 'old')) return
    // Only what is finished has ever made the current one old.
    if (!has(card, 'current')) await rename(of(card, has(card, 'next') ? 'next' : 'old'), of(card, 'current'))
    await syncDirectory(cardOf(card))
    if (has(card, 'old')) await eraseFolder(of(card, 'old'))
  }

  const opened = (card: string, box: Uint8Array): Buffer => {
    try {
      return openBox(key, boundTo(card), box)
    } catch {
      throw new CardFault('CardForeign', 'the card in the reader is another one’s')
    }
  }

  const noteOf = (card: string): string => join(cardOf(card), 'erased')
  const isNoted = async (card: string): Promise<boolean> => {
    const note = await readIfPresent(noteOf(card))
    try {
      return note !== undefined && openBox(key, boundTo(card), note).toString('utf8') === 'erased'
    } catch {
      // Of another card, which is as blank.
      return false
    }
  }

  return {
    ...{ of, has, settle },
    isReader: () => existsSync(directory),
    begin: async (card) => {
      const [folder, next] = [cardOf(card), of(card, 'next')]
      for (const made of [folder, next, join(next, 'tokens')])
        if (!existsSync(made)) await mkdir(made, { mode: 0o700 })
      await syncDirectory(directory)
      await rm(noteOf(card), { force: true })
      return next
    },
    finish: async (card) => {
      if (has(card, 'current')) await rename(of(card, 'current'), of(card, 'old'))
      await rename(of(card, 'next'), of(card, 'current'))
      await syncDirectory(cardOf(card))
      await settle(card)
    },
    state: async (card) => {
      const box = await readIfPresent(join(of(card, 'current'), 'card'))
      if (box === undefined) return undefined
      return JSON.parse(opened(card, box).toString('utf8')) as CardState
    },
    save: (card, part, state) =>
      replaceDurable(
        join(of(card, part), 'card'),
        closeBox(key, boundTo(card), Buffer.from(JSON.stringify(state))),
      ),
    erase: async (card) => {
      if (!has(card)) throw new CardAbsent(`there is no card ${card}`)
      const present = parts.filter((part) => has(card, part))
      if (present.length === 0) return await isNoted(card)
      // The note comes first, and holds once no part is there: a crash in between leaves parts, which are erased then.
      await replaceDurable(noteOf(card), closeBox(key, boundTo(card), Buffer.from('erased')))
      for (const part of present) await eraseFolder(of(card, part))
      await syncDirectory(cardOf(card))
      return true
    },
  }
}
