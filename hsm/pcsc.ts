// Holders' cards in readers of PC/SC: the commands of MyEID, whose cards OpenSC reads, and one more that takes a key wrapped for the
// card (docs/adr/0024). Each act finds the card, has it alone, and may be given again wherever it was cut off.
import { CardFault } from '../pki/cardFault.ts'
import type { Cards, Unblocking } from '../pki/custody.ts'
import { erase, layOut, transportKey } from './pcsc/begin.ts'
import { deleteFile, writeFile } from './pcsc/cardFiles.ts'
import type { Channel, Readers } from './pcsc/channel.ts'
import { CardAbsent, ReaderFailed } from './pcsc/fault.ts'
import { openFinder } from './pcsc/found.ts'
import { decrypts, readCertificates, wantedOf, writeKeys } from './pcsc/keys.ts'
import { keySizes, note, noteOf, slots, transport, type Stage } from './pcsc/layout.ts'
import { demandReset, isBlocked, openAtDesk, openForCustody, resetPin } from './pcsc/pins.ts'
import { pinOctets, secretsFrom, type CardSecrets } from './pcsc/secrets.ts'

export type PcscParts = Readonly<{
  readers: Readers
  /** The name of the desk's reader, or the words that it begins with: cards in others are not looked at. Undefined: every reader is the desk's. */
  reader?: string | undefined
  /** 32 octets; the PINs and PUKs of custody are derived from them. */
  master: Uint8Array
  /** Wrong PINs in a row that block a card (policy `card.pinTries`), up to 15. */
  pinTries: number
  /** What programs call the card: ASCII, at most 32 octets. */
  label: string
}>

/** Nothing is on it: that it bore this card once, an erased one still says. */
const isBlank = (stage: Stage | undefined): stage is 'erased' | undefined =>
  stage === undefined || stage === 'erased'

type Act = Readonly<{ channel: Channel; stage: Stage; secrets: CardSecrets }>

/** Of a card that is initialised; MyEID keeps 4 to 8. */
const pinForm = /^\d{4,8}$/

const setStage = ({ channel, secrets }: Act, stage: Stage): Promise<void> =>
  writeFile(channel, note, noteOf(secrets.mark, stage))

const demandStage = ({ stage }: Act, ...expected: readonly Stage[]): void => {
  if (!expected.includes(stage)) throw new CardFault('CardNotWritten', `the card is ${stage}`)
}

/** The card is the desk's: whatever PIN it had, its first one is custody's again. Cut off in between, it is done once more. */
const takeBack = async (act: Act): Promise<void> => {
  await openForCustody(act.channel, act.secrets)
  await demandReset(act.channel, act.secrets, act.secrets.pin)
  await setStage(act, 'begun')
}

const unblock = async (act: Act): Promise<Unblocking> => {
  const { channel, secrets, stage } = act
  if (stage === 'unblocked') return { unblocked: true }
  await openForCustody(channel, secrets)
  const blocked = await isBlocked(channel)
  // Cut off behind the PUK: nobody but custody knows the PIN that is there now.
  if (!blocked && stage !== 'unblocking') return { unblocked: false, fault: 'notBlocked' }
  if (blocked) {
    await setStage(act, 'unblocking')
    const reset = await resetPin(channel, secrets, secrets.pin)
    if (!reset.done) {
      await setStage(act, stage)
      const { triesLeft } = reset
      return { unblocked: false, fault: triesLeft === 0 ? 'pukBlocked' : 'pukWrong', triesLeft }
    }
  }
  await setStage(act, 'unblocked')
  return { unblocked: true }
}

const definePin = async (act: Act, pin: string): Promise<void> => {
  const { channel, secrets, stage } = act
  demandStage(act, 'written', 'handed', 'unblocked')
  if (stage === 'handed' && (await isBlocked(channel)))
    throw new CardFault('CardBlocked', 'the card is blocked')
  await openForCustody(channel, secrets)
  await demandReset(channel, secrets, pin)
  await setStage(act, 'handed')
}

/** The readers of one desk among those of its machine. A number at the end of a name is the service's, and may change. */
const ofDesk = ({ readers, reader }: Pick<PcscParts, 'readers' | 'reader'>): Readers => {
  if (reader === undefined) return readers
  const isOurs = (name: string): boolean => name === reader || name.startsWith(`${reader} `)
  return { ...readers, list: async () => (await readers.list()).filter(isOurs) }
}

const healthOf = async (readers: Readers): Promise<true | string> => {
  try {
    return (await readers.list()).length > 0 ? true : 'no reader'
  } catch (error) {
    if (error instanceof ReaderFailed) return 'PC/SC does not answer'
    throw error
  }
}

/** Opens the driver of the cards that lie in `readers`. */
export const openPcscCards = ({ master, pinTries, label, ...where }: PcscParts): Cards => {
  const readers = ofDesk(where)
  const secretsOf = secretsFrom(master)

  const withCard = openFinder(readers)

  /** Does something with the card that bears this id. @throws CardAbsent where only a blank one is there */
  const onCard = <T>(card: string, act: (act: Act) => Promise<T>): Promise<T> => {
    const secrets = secretsOf(card)
    return withCard(secrets.mark, (channel, stage) => {
      if (isBlank(stage)) throw new CardAbsent('the card in the reader is blank')
      return act({ channel, stage, secrets })
    })
  }

  const read = (card: string): Promise<readonly string[]> =>
    onCard(card, async ({ channel, stage }) => {
      if (stage === 'begun') return []
      const held = await readCertificates(channel)
      return held.map(({ certificate }) => certificate.serialNumber.toLowerCase())
    })

  return {
    capabilities: { model: 'myeid', keySizes, slots, pinDigits: pinOctets },
    health: () => healthOf(readers),
    begin: async (card) => {
      const secrets = secretsOf(card)
      return withCard(secrets.mark, async (channel, stage) => {
        if (isBlank(stage)) await layOut(channel, { label, secrets, pinTries })
        await openForCustody(channel, secrets)
        return { transportKey: await transportKey(channel) }
      })
    },
    write: async ({ card, keys }) => {
      const wanted = wantedOf(keys)
      await onCard(card, async (act) => {
        await takeBack(act)
        await writeKeys(act.channel, wanted)
        await deleteFile(act.channel, transport.path)
        await setStage(act, 'written')
      })
    },
    read: (card) =>
      read(card).catch((error: unknown) => {
        if (error instanceof CardAbsent) return []
        throw error
      }),
    testDecryption: (card) =>
      onCard(card, async (act) => {
        demandStage(act, 'written')
        await openAtDesk(act.channel, act.secrets, pinTries)
        const held = await readCertificates(act.channel)
        for (const one of held) if (!(await decrypts(act.channel, one))) return false
        return held.length > 0
      }),
    definePin: async ({ card, pin }) => {
      if (!pinForm.test(pin))
        throw new CardFault('CardPinUnsuitable', 'the card holds a PIN of 4 to 8 digits')
      await onCard(card, (act) => definePin(act, pin))
    },
    unblock: (card) => onCard(card, unblock),
    erase: (card) => {
      const secrets = secretsOf(card)
      return withCard(secrets.mark, async (channel, stage) => {
        // A blank card may be any other one, with the keys still on the one that is meant.
        if (stage === undefined) return false
        if (stage === 'erased') return true
        await openForCustody(channel, secrets)
        await erase(channel, secrets)
        return true
      })
    },
  }
}
