// A desk without PC/SC: virtual cards in slots that the driver reaches in this process, each command counted, and a hand that pulls
// a card out behind one of them.
import type { Readers } from '../../../hsm/pcsc/channel.ts'
import { CardAbsent, CardBusy, CardRemoved } from '../../../hsm/pcsc/fault.ts'
import type { VirtualCard } from './card.ts'

export type Desk = Readonly<{
  readers: Readers
  insert: (card: VirtualCard, reader?: string) => void
  pull: (reader?: string) => void
  /** Pulls the card once this many more commands are carried out; nobody hears the last answer. */
  pullAfter: (commands: number) => void
  /** Commands that were sent, in the order in which they were. */
  sent: readonly Buffer[]
}>

const first = 'Desk 1'

export const openDesk = (): Desk => {
  const inside = new Map<string, VirtualCard>()
  const held = new Set<string>()
  const sent: Buffer[] = []
  let left = Infinity

  const transmit = async (reader: string, card: VirtualCard, command: Uint8Array): Promise<Buffer> => {
    if (inside.get(reader) !== card) throw new CardRemoved('pulled out')
    sent.push(Buffer.from(command))
    const answer = await card.transmit(Buffer.from(command))
    left -= 1
    if (left === 0) {
      inside.delete(reader)
      throw new CardRemoved('pulled out')
    }
    return answer
  }

  return {
    readers: {
      list: async () => [...new Set([first, ...inside.keys()])],
      connect: async (reader) => {
        const card = inside.get(reader)
        if (card === undefined) throw new CardAbsent('no card')
        if (held.has(reader)) throw new CardBusy('shared')
        held.add(reader)
        card.reset()
        return {
          transmit: (command) => transmit(reader, card, command),
          close: async () => {
            held.delete(reader)
            card.reset()
          },
        }
      },
    },
    insert: (card, reader = first) => {
      left = Infinity
      inside.set(reader, card)
    },
    pull: (reader = first) => void inside.delete(reader),
    pullAfter: (commands) => {
      left = commands
    },
    sent,
  }
}
