// Readers of this machine through PC/SC (libpcsclite). Calls that wait run on other threads; whoever works with a card has it alone.
import type { LibraryHandle } from 'koffi'
import type { Channel, Readers } from './channel.ts'
import { CardAbsent, CardBusy, CardRemoved, ReaderFailed } from './fault.ts'

/** The library, as Debian's libpcsclite1 names it. */
const defaultLibrary = 'libpcsclite.so.1'

// pcsclite.h; DWORD and LONG are a machine word each.
const scopeSystem = 2
const shareExclusive = 1
const anyProtocol = 3
const resetCard = 1
const unpowerCard = 2
const mostAnswer = 258

type Call = (...args: readonly unknown[]) => Promise<number>

type Library = Readonly<
  Record<'establish' | 'release' | 'listReaders' | 'connect' | 'disconnect' | 'transmit', Call>
>

/** An asynchronous call. Koffi keeps the buffers it was given until the call is over. */
const asynchronous =
  (native: ReturnType<LibraryHandle['func']>): Call =>
  (...args) =>
    new Promise((resolve, reject) => {
      native.async(...args, (fault: Error | null, result: number | bigint) => {
        if (fault === null) resolve(Number(result) >>> 0)
        else reject(fault)
      })
    })

const load = async (path: string): Promise<Library> => {
  const { default: koffi } = await import('koffi')
  const library = koffi.load(path)
  const call = (prototype: string): Call => asynchronous(library.func(prototype))
  return {
    establish: call('long SCardEstablishContext(ulong scope, void *r1, void *r2, _Out_ long *context)'),
    release: call('long SCardReleaseContext(long context)'),
    listReaders: call(
      'long SCardListReaders(long context, void *groups, uint8_t *names, _Inout_ ulong *length)',
    ),
    connect: call(
      'long SCardConnect(long context, const char *reader, ulong share, ulong protocols, _Out_ long *card, _Out_ ulong *protocol)',
    ),
    disconnect: call('long SCardDisconnect(long card, ulong disposition)'),
    transmit: call(
      'long SCardTransmit(long card, const ulong *pci, const uint8_t *command, ulong length, void *r, uint8_t *answer, _Inout_ ulong *answerLength)',
    ),
  }
}

const absent = new Set([0x8010000c, 0x80100009, 0x80100017])
const busy = new Set([0x8010000b])
const removed = new Set([0x80100069, 0x80100068, 0x80100067, 0x80100066, 0x80100016, 0x8010002f, 0x80100003])
const noReaders = 0x8010002e

/** @throws CardUnreachable of the kind that the return value means, unless it is success */
const check = (result: number, act: string): void => {
  if (result === 0) return
  const message = `PC/SC did not ${act}: ${result.toString(16)}`
  if (absent.has(result)) throw new CardAbsent(message)
  if (busy.has(result)) throw new CardBusy(message)
  throw removed.has(result) ? new CardRemoved(message) : new ReaderFailed(message)
}

/** One context: pcscd serves its calls one after the other, so each card has its own. */
const establish = async (library: Library): Promise<number> => {
  const context = [0]
  check(await library.establish(scopeSystem, null, null, context), 'open a context')
  return context[0] ?? 0
}

const list = async (library: Library): Promise<readonly string[]> => {
  const context = await establish(library)
  try {
    const length = [0]
    const wanted = await library.listReaders(context, null, null, length)
    if (wanted === noReaders) return []
    check(wanted, 'list readers')
    const names = Buffer.alloc(length[0] ?? 0)
    check(await library.listReaders(context, null, names, length), 'list readers')
    return names
      .toString('utf8')
      .split('\0')
      .filter((name) => name !== '')
  } finally {
    await library.release(context)
  }
}

/** SCARD_IO_REQUEST: the protocol, and the size of the structure. */
const requestFor = (protocol: number): readonly number[] => [protocol, 16]

const connect = async (library: Library, reader: string): Promise<Channel> => {
  const context = await establish(library)
  const [card, protocol] = [[0], [0]]
  try {
    check(
      await library.connect(context, reader, shareExclusive, anyProtocol, card, protocol),
      'connect to a card',
    )
  } catch (error) {
    await library.release(context)
    throw error
  }
  const handle = card[0] ?? 0
  let isUseless = false
  return {
    transmit: async (command) => {
      const [sent, answer, length] = [Buffer.from(command), Buffer.alloc(mostAnswer), [mostAnswer]]
      const request = requestFor(protocol[0] ?? 0)
      const result = await library.transmit(handle, request, sent, sent.length, null, answer, length)
      // A PIN may have been in it.
      sent.fill(0)
      isUseless = result !== 0
      check(result, 'reach the card')
      return answer.subarray(0, length[0])
    },
    close: async () => {
      await library.disconnect(handle, isUseless ? unpowerCard : resetCard)
      await library.release(context)
    },
  }
}

/** @throws ReaderFailed, from each act, where the library is not there */
export const openPcscLite = (path = defaultLibrary): Readers => {
  let loaded: Promise<Library> | undefined
  const library = (): Promise<Library> => {
    loaded ??= load(path).catch((error: unknown) => {
      loaded = undefined
      throw new ReaderFailed(`PC/SC is not there: ${error instanceof Error ? error.message : path}`)
    })
    return loaded
  }
  return {
    list: async () => list(await library()),
    connect: async (reader) => connect(await library(), reader),
  }
}
