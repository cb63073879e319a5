// A smart card in software, with the commands of MyEID 4.5 as OpenSC speaks them (its ATR says OsEID, OpenSC's name for a MyEID in
// software), and one command of its own: a key that comes wrapped for the card. It takes part in tests; it protects nothing.
import { randomBytes } from 'node:crypto'
import { parseCommand, refuse, status, StatusFault, withStatus, type Command } from './apdu.ts'
import { activate, getData, putData } from './dataCommands.ts'
import { createFile, deleteFile, readBinary, select, updateBinary } from './fileCommands.ts'
import { generateKey, importWrapped, performOperation, setEnvironment } from './keyCommands.ts'
import { change, reset, verify } from './pinCommands.ts'
import { generateRsa, type GenerateRsa } from './rsa.ts'
import { newMemory, newSession, type Card } from './state.ts'

/** T=0 and T=1, historical octets `OsEID`. */
const atr = Buffer.from('3b8580014f7345494470', 'hex')

/** What comes back, if anything does. */
type Act = (card: Card, command: Command) => unknown

const acts: Readonly<Record<number, Act>> = {
  0x20: verify,
  0x22: setEnvironment,
  0x24: change,
  0x2a: performOperation,
  0x2c: reset,
  0x44: activate,
  0x46: generateKey,
  0x84: (_, { le }) => randomBytes(le),
  0xa4: select,
  0xb0: readBinary,
  0xca: getData,
  0xd6: updateBinary,
  0xda: putData,
  0xe0: createFile,
  0xe4: deleteFile,
}

export type VirtualCard = Readonly<{
  atr: Buffer
  /** What is known without power stays; PINs that were verified do not. */
  reset: () => void
  /** @param command an APDU @returns the answer with its status, never a fault */
  transmit: (command: Buffer) => Promise<Buffer>
}>

const chained = 0x10

export const virtualCard = (parts: Readonly<{ generate?: GenerateRsa }> = {}): VirtualCard => {
  const memory = newMemory(randomBytes(10))
  const card: Card = { memory, session: newSession(memory), generate: parts.generate ?? generateRsa }
  let chain: Buffer = Buffer.alloc(0)
  let waiting: Buffer = Buffer.alloc(0)

  /** The first octets of what is waiting, and in the status how many follow (ISO/IEC 7816-4 5.3.4). */
  const next = (le: number): Buffer => {
    const part = waiting.subarray(0, le === 0 ? 0 : le)
    waiting = waiting.subarray(part.length)
    const left = Math.min(256, waiting.length)
    return withStatus(left === 0 ? status.done : 0x6100 | (left & 0xff), part)
  }

  const actOf = ({ cla, ins }: Command): Act => {
    if (cla === 0x80) return ins === 0x5a ? importWrapped : refuse(status.unknownInstruction)
    if (cla !== 0x00 && cla !== 0xa0) refuse(status.wrongClass)
    return acts[ins] ?? refuse(status.unknownInstruction)
  }

  const answer = async (command: Command): Promise<Buffer> => {
    if (command.ins === 0xc0) return next(command.le)
    const data = Buffer.concat([chain, command.data])
    chain = Buffer.alloc(0)
    if (command.cla & chained) {
      chain = data
      return withStatus(status.done)
    }
    const result = await actOf(command)(card, { ...command, data })
    waiting = Buffer.isBuffer(result) ? result : Buffer.alloc(0)
    return next(command.le)
  }

  return {
    atr,
    reset: () => {
      chain = waiting = Buffer.alloc(0)
      card.session = newSession(card.memory)
    },
    transmit: async (bytes) => {
      try {
        return await answer(parseCommand(bytes))
      } catch (error) {
        if (error instanceof StatusFault) return withStatus(error.sw)
        throw error
      }
    },
  }
}
