// Which of the cards in the readers is the one that the ledger means. A card knows whose it is by its note (layout.ts).
import { openTurns } from '../../domain/turns.ts'
import { isActive, listFiles, readFile } from './cardFiles.ts'
import { send, sw, type Channel, type Readers } from './channel.ts'
import { CardFault } from '../../pki/cardFault.ts'
import { CardAbsent, CardBusy, CardRemoved } from './fault.ts'
import { isKeyFile, note, noteLength, stageIn, type Stage } from './layout.ts'
import { applicationId } from './pkcs15.ts'

/** `GLW1`: the card takes keys that are wrapped for it. */
const wrappedImport = Buffer.from('474c5701', 'hex')

type Kind = 'blank' | 'foreign' | 'unsupported' | Readonly<{ stage: Stage }>

const isSupported = async (channel: Channel): Promise<boolean> => {
  const selected = await send(channel, { ins: 0xa4, p1: 0x04, data: applicationId, le: 256 })
  if (selected.sw !== sw.done) return false
  const answer = await send(channel, { ins: 0xca, p1: 0x01, p2: 0xc0, le: 256 })
  return answer.sw === sw.done && answer.data.equals(wrappedImport)
}

/** A card that is being made has no rules yet: with keys on it, it is somebody else's; without, whatever is on it is nobody's. */
const kindOf = async (channel: Channel, mark: Uint8Array): Promise<Kind> => {
  if (!(await isSupported(channel))) return 'unsupported'
  const isMade = await isActive(channel)
  if (!isMade && (await listFiles(channel)).some(isKeyFile)) return 'foreign'
  const stage = stageIn(await readFile(channel, note, noteLength), mark)
  // What was cut off while it was laid out is begun anew, like any other blank one.
  if (!isMade) return stage === 'erased' ? { stage } : 'blank'
  return stage === undefined ? 'foreign' : { stage }
}

type Found = Readonly<{ reader: string; kind: Kind }>

/** Where the card lies, and how far it has come; a blank one that nothing is known of has no stage. */
type Place = Readonly<{ reader: string; stage?: Stage }>

/** Why none of the cards is the one. */
const faultOf = (found: readonly Found[]): Error => {
  const has = (kind: Kind): boolean => found.some((one) => one.kind === kind)
  if (has('foreign')) return new CardFault('CardForeign', 'the card in the reader is another one’s')
  if (has('unsupported'))
    return new CardFault('CardUnsupported', 'the card in the reader is not of this kind')
  return new CardAbsent('the card is in no reader')
}

/** The card itself, or else the one blank card that lies there. @throws CardAbsent; CardFault */
const choose = (found: readonly Found[]): Place => {
  for (const { reader, kind } of found) if (typeof kind === 'object') return { reader, stage: kind.stage }
  const [blank, ...others] = found.filter(({ kind }) => kind === 'blank')
  if (others.length > 0) throw new CardFault('CardAmbiguous', 'several blank cards lie in the readers')
  if (blank === undefined) throw faultOf(found)
  return { reader: blank.reader }
}

/**
 * Does something with the card, alone: the one that bears the mark, or else the one blank card that lies in a reader (no stage).
 * @throws CardAbsent, CardBusy, CardRemoved, ReaderFailed; CardFault
 */
export type WithCard = <T>(
  mark: Uint8Array,
  act: (channel: Channel, stage: Stage | undefined) => Promise<T>,
) => Promise<T>

/** Cards of `readers`. Acts of this process on one reader wait for each other; somebody else's are `CardBusy`. */
export const openFinder = (readers: Readers): WithCard => {
  const turn = openTurns()
  const alone = <T>(reader: string, act: (channel: Channel) => Promise<T>): Promise<T> =>
    turn(reader, async () => {
      const channel = await readers.connect(reader)
      try {
        return await act(channel)
      } finally {
        await channel.close()
      }
    })

  /** The card of a reader, as it is with regard to the mark; undefined when there is none. */
  const look = async (reader: string, mark: Uint8Array): Promise<Found | undefined> => {
    try {
      return { reader, kind: await alone(reader, (channel) => kindOf(channel, mark)) }
    } catch (error) {
      if (error instanceof CardAbsent || error instanceof CardRemoved) return undefined
      throw error
    }
  }

  const locate = async (mark: Uint8Array): Promise<Place> => {
    const found: Found[] = []
    let busy: CardBusy | undefined
    for (const reader of await readers.list()) {
      try {
        const one = await look(reader, mark)
        if (one !== undefined) found.push(one)
        if (typeof one?.kind === 'object') break
      } catch (error) {
        if (!(error instanceof CardBusy)) throw error
        busy = error
      }
    }
    // What nobody could look at may be the card.
    if (busy !== undefined && !found.some(({ kind }) => typeof kind === 'object')) throw busy
    return choose(found)
  }

  return async (mark, act) => {
    const { reader, stage } = await locate(mark)
    return alone(reader, async (channel) => {
      const kind = await kindOf(channel, mark)
      const now = typeof kind === 'object' ? kind.stage : undefined
      if (now !== stage || (stage === undefined && kind !== 'blank'))
        throw new CardRemoved('the card was exchanged for another one')
      return act(channel, stage)
    })
  }
}
