// A SoftHSM2 token as a card: PKCS#11 from end to end, for tests and trials. It is files on a disk, and no QSCD: whoever has its folder and
// its PIN has its keys, and programs that use the module without this driver are not counted. What the procedure asks of a card
// (CGU-49 to CGU-53) the driver adds: a counter on disk before each try of a PIN, a PIN that is taken away when the card blocks, a PUK that
// custody derives when it is wanted and no person ever sees.
//
// Its module is in a process of its own (tokenCard/process.ts), which opens one card at a time, as a reader does.
import { randomBytes } from 'node:crypto'
import { makePrivateDirectory } from './durable.ts'
import { openTurns } from '../domain/turns.ts'
import { CardFault, isOfCard } from '../pki/cardFault.ts'
import { CardUnreachable, type CardCapabilities, type CardKey, type Unblocking } from '../pki/custody.ts'
import { subkey } from './box.ts'
import { PinRefused, type HolderCards } from './holderCards.ts'
import { KeyFault } from './keyFault.ts'
import { openModuleClient } from './pkcs11/client.ts'
import { programAt } from './pkcs11/program.ts'
import { CardAbsent } from './pcsc/fault.ts'
import { ModuleFault, type FaultKind } from './pkcs11/fault.ts'
import { cardFaultOf } from './tokenCard/faults.ts'
import { openFolders, type CardState } from './tokenCard/folders.ts'
import type { CardActs, CardModule } from './tokenCard/protocol.ts'

const capabilities: CardCapabilities = {
  model: 'softhsm2-token',
  keySizes: [2048, 3072, 4096],
  slots: 12,
  pinDigits: 16,
}

/** Wrong PUKs in a row after which a card is good for nothing any more. */
const pukTries = 5
/** RFC 5649 as SoftHSM2 has it: CKM_AES_KEY_WRAP_PAD. */
const wrapMechanism = 0x210a

/** Of these, nothing is known to be wrong with the card. */
const passing: readonly FaultKind[] = ['lost', 'session', 'device', 'stopped', 'waiting']

export type TokenCardParts = Readonly<{
  /** File of the SoftHSM2 module. */
  module: string
  /** The reader: each card is a folder in it. */
  directory: string
  /** 32 octets (passphrase.ts); copied, so the caller may overwrite it. */
  master: Uint8Array
  /** Wrong PINs in a row that block a card (policy `card.pinTries`). */
  pinTries: number
  /** The PUK of a card; by default custody derives it from the master key. */
  puks?: (card: string) => string
}>

export type TokenCards = HolderCards &
  Readonly<{
    /** Number of the process that is inside the module now. */
    pid: () => number | undefined
    close: () => Promise<void>
  }>

/**
 * Opens the cards of a directory.
 * @throws ModuleFault where the module cannot be loaded
 */
export const openTokenCards = async (parts: TokenCardParts): Promise<TokenCards> => {
  const { directory, module, master, pinTries } = parts
  await makePrivateDirectory(directory)
  const secretOf = (use: string) => {
    const key = subkey(master, use)
    return (card: string): string => subkey(key, `${use}|${card}`).toString('hex')
  }
  const { puks = secretOf('token-puks') } = parts
  // Until its holder has defined one, a card has a PIN that custody derives: with it the desk loads and tests.
  const deskPins = secretOf('token-desk-pins')
  const folders = openFolders(directory, subkey(master, 'token-cards'))
  const settings: CardModule = { module, wrapMechanism }
  const client = openModuleClient<CardActs>({
    program: programAt('hsm/tokenCard/process'),
    ...{ sessions: 1, opening: () => ({ open: settings }) },
  })
  // One act a card at a time: two desks at one card, or two tries at once, wait for each other.
  const inTurn = openTurns()

  /** Runs an act on a card; where the card or the reader has gone meanwhile, whatever came of it says nothing. */
  const onCard = <T>(card: string, act: () => Promise<T>): Promise<T> =>
    inTurn(card, async () => {
      const gone = (cause?: unknown) => new CardUnreachable('the card does not answer', { cause })
      if (!folders.isReader()) throw gone()
      const wasThere = folders.has(card)
      const isGone = (): boolean => !folders.isReader() || (wasThere && !folders.has(card))
      try {
        await folders.settle(card)
        // Whose card lies there is looked at before anything is done to it.
        await folders.state(card)
        const answer = await act()
        // An empty answer is also what a module finds where there is nothing any more (hsm.md 7).
        if (!folders.isReader()) throw gone()
        return answer
      } catch (error) {
        if (isOfCard(error) || error instanceof PinRefused) throw error
        if (isGone() || (error instanceof ModuleFault && passing.includes(error.kind))) throw gone(error)
        throw cardFaultOf(error)
      }
    })

  const stateOf = async (card: string): Promise<CardState> => {
    const state = await folders.state(card)
    if (state === undefined) throw new CardAbsent(`there is no card ${card}`)
    return state
  }
  const save = (card: string, state: CardState): Promise<void> => folders.save(card, 'current', state)
  const setPin = (card: string, pin: string): Promise<boolean> =>
    client.ask('setPin', { folder: folders.of(card, 'current'), soPin: puks(card), pin })
  /** Nobody knows it: the card is nobody's to use until its holder defines another. */
  const takePinAway = (card: string): Promise<boolean> => setPin(card, randomBytes(32).toString('hex'))

  const holders = (card: string): CardFault =>
    new CardFault('CardNotWritten', `the card ${card} is its holder's alone`)

  const begin = async (card: string): Promise<Readonly<{ transportKey: Uint8Array }>> => {
    const folder = await folders.begin(card)
    const label = `Grand-Livre ${card}`
    const asked = { folder, label, pin: deskPins(card), soPin: puks(card) }
    return { transportKey: await client.ask('begin', asked) }
  }

  const write = async (card: string, keys: readonly CardKey[]): Promise<void> => {
    if (!folders.has(card, 'next')) throw new CardFault('CardNotBegun', `the card ${card} was not begun`)
    const where = { folder: folders.of(card, 'next'), pin: deskPins(card) }
    const loaded: CardState['keys'][number][] = []
    for (const { serial, ...key } of keys)
      loaded.push({ serial, id: await client.ask('load', { ...where, key }) })
    if (new Set(loaded.map(({ id }) => id)).size < keys.length)
      throw new CardFault('CardKeyRefused', 'two keys for the card are one and the same')
    await client.ask('finish', { ...where, ids: loaded.map(({ id }) => id) })
    await folders.save(card, 'next', { v: 1, keys: loaded, triesLeft: pinTries, pukTriesLeft: pukTries })
    await folders.finish(card)
  }

  const read = async (card: string): Promise<readonly string[]> => {
    const state = await folders.state(card)
    if (state === undefined) return []
    const found = await client.ask('read', { folder: folders.of(card, 'current') })
    return state.keys.filter(({ id }) => found.includes(id)).map(({ serial }) => serial)
  }

  const testDecryption = async (card: string): Promise<boolean> => {
    const { keys, pin, unblocked } = await stateOf(card)
    if (pin !== undefined || unblocked === true) throw holders(card)
    const where = { folder: folders.of(card, 'current'), pin: deskPins(card) }
    return await client.ask('test', { ...where, ids: keys.map(({ id }) => id) })
  }

  const definePin = async (card: string, pin: string): Promise<void> => {
    const state = await stateOf(card)
    if (state.pin !== undefined && state.unblocked !== true) {
      if (state.triesLeft === 0) throw new CardFault('CardBlocked', `the card ${card} is blocked`)
      if (state.pin === 'used') throw holders(card)
    }
    if (!(await setPin(card, pin)))
      throw new CardFault('CardSecretRefused', `the card ${card} does not take its PUK`)
    await save(card, { ...state, pin: 'defined', triesLeft: pinTries })
  }

  const unblock = async (card: string): Promise<Unblocking> => {
    const state = await stateOf(card)
    if (state.unblocked === true) return { unblocked: true }
    if (state.triesLeft > 0) return { unblocked: false, fault: 'notBlocked' }
    if (state.pukTriesLeft === 0) return { unblocked: false, fault: 'pukBlocked', triesLeft: 0 }
    // Counted once the card has refused it: jobs ask for as long as a card is out of reach, and no person guesses a PUK.
    if (!(await takePinAway(card))) {
      const triesLeft = state.pukTriesLeft - 1
      await save(card, { ...state, pukTriesLeft: triesLeft })
      return { unblocked: false, fault: 'pukWrong', triesLeft }
    }
    const { pin: _, ...withoutPin } = state
    await save(card, { ...withoutPin, pukTriesLeft: pukTries, unblocked: true })
    return { unblocked: true }
  }

  /** The key of a serial, on a card that takes a PIN. */
  const usable = (card: string, { pin, triesLeft, keys }: CardState, serial: string): string => {
    if (pin === undefined) throw new KeyFault(`the card ${card} has no PIN yet`)
    if (triesLeft === 0) throw new PinRefused(0)
    const id = keys.find((key) => key.serial === serial)?.id
    if (id === undefined) throw new KeyFault(`the card has no key of ${serial}`)
    return id
  }

  const decrypt: HolderCards['decrypt'] = async ({ card, pin, serial, ciphertext, hash = 'sha1' }) => {
    if (hash !== 'sha1') throw new KeyFault('a token card does OAEP with SHA-1 alone')
    const state = await stateOf(card)
    const id = usable(card, state, serial)
    const triesLeft = state.triesLeft - 1
    await save(card, { ...state, triesLeft })
    const asked = { folder: folders.of(card, 'current'), pin, id, ciphertext }
    const answer = await client.ask('decrypt', asked)
    if ('wrong' in answer && answer.wrong === 'pin') {
      if (triesLeft === 0) await takePinAway(card)
      throw new PinRefused(triesLeft)
    }
    const { unblocked: _, ...used } = state
    await save(card, { ...used, pin: 'used', triesLeft: pinTries })
    if ('wrong' in answer) throw new KeyFault('that does not decrypt')
    return Buffer.from(answer.clear)
  }

  try {
    await client.ask('probe', {})
  } catch (error) {
    await client.close()
    throw error
  }
  return {
    capabilities,
    health: async () => {
      if (!folders.isReader()) return 'no reader'
      return client.ask('probe', {}).then(
        () => true as const,
        () => 'the module does not answer',
      )
    },
    begin: (card) => onCard(card, () => begin(card)),
    write: ({ card, keys }) => onCard(card, () => write(card, keys)),
    read: (card) => onCard(card, () => read(card)),
    testDecryption: (card) => onCard(card, () => testDecryption(card)),
    definePin: ({ card, pin }) => onCard(card, () => definePin(card, pin)),
    unblock: (card) => onCard(card, () => unblock(card)),
    decrypt: (asked) => onCard(asked.card, () => decrypt(asked)),
    triesLeft: (card) => onCard(card, async () => (await stateOf(card)).triesLeft),
    erase: (card) => onCard(card, () => folders.erase(card)),
    pid: client.pid,
    close: client.close,
  }
}
