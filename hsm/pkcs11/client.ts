// The service's side of a signer process: starts it, asks it, and starts it again when it ends. What was asked and not answered is
// asked once more: every act may be given again (protocol.ts).
import type { ChildProcess } from 'node:child_process'
import { openActBreaker, openBreaker } from './breaker.ts'
import { isFinal, ModuleFault } from './fault.ts'
import { programAt, startProgram } from './program.ts'
import type { Acts, Canary, FromSigner, Health, TokenSettings } from './protocol.ts'

/** Acts by their names: what each is asked with, and what it answers. */
type Table<T> = { readonly [A in keyof T]: Readonly<{ asked: object; answer: unknown }> }

/** A process that is inside a module, and does these acts. */
export type ModuleClient<T extends Table<T>> = Readonly<{
  /** @throws ModuleFault */
  ask: <A extends keyof T & string>(act: A, asked: T[A]['asked']) => Promise<T[A]['answer']>
  /** What is left alone as it goes on ending the process; undefined where nothing is. */
  leftAlone: () => ModuleFault | undefined
  /** Number of the process that runs now; undefined before it was needed, and once it has ended. */
  pid: () => number | undefined
  /** Takes nothing more, and ends once everything that was asked is answered. */
  close: () => Promise<void>
}>
export type SignerClient = ModuleClient<Acts>

type Call = Readonly<{
  act: string
  asked: object
  /** How often it has been sent. */
  tries: number
  /** With which of the processes that have ended it was lost first. */
  lost: { at?: number }
  done: (answer: unknown) => void
  failed: (fault: ModuleFault) => void
}>

/** A module that has not answered by then hangs: its process is ended, and another one started. */
const longestMs = 120_000
const closingMs = 5_000
const triesInAll = 2
/** Processes in a row that end without an answer, whatever they were asked: that is the module. */
const fewBarren = 3
/** Acts that a process is given at once, for each session: how long one takes says little while it waits behind many. */
const aheadOfSession = 8

/** What fails together: the act, and the key or the card that it is done with. */
const nameOf = (act: string, asked: object): string => {
  const { id, kek, label, folder } = asked as Readonly<Record<string, unknown>>
  return [act, ...[id ?? kek ?? label ?? folder].filter((about) => typeof about === 'string')].join(' ')
}

const stopped = (): ModuleFault => new ModuleFault('stopped', 'the signer process ended before it answered')

export type ClientParts = Readonly<{
  /** As the token had it at the last start; without it, the first look makes it. */
  canary?: Canary | undefined
  /** How long an act may take before its process is ended. */
  patienceMs?: number
}>

export type ModuleParts = Readonly<{
  program: string
  /** Acts that the process does at the same time. */
  sessions: number
  /** What a process is told first. */
  opening: () => object
  /** Told of each answer. */
  answered?: (act: string, answer: unknown) => void
  patienceMs?: number | undefined
}>

/** A process for one token; it is started by the first act. */
export const openSignerClient = (settings: TokenSettings, parts: ClientParts = {}): SignerClient => {
  let { canary } = parts
  return openModuleClient<Acts>({
    program: programAt('hsm/pkcs11/process'),
    ...{ sessions: settings.sessions, patienceMs: parts.patienceMs },
    opening: () => ({ open: settings, canary }),
    // One that starts later has to find the same.
    answered: (act, answer) => {
      if (act === 'health') canary = (answer as Health).canary
    },
  })
}

/** A process inside a module; it is started by the first act. */
export const openModuleClient = <T extends Table<T>>(parts: ModuleParts): ModuleClient<T> => {
  const { program, sessions, opening, answered = () => undefined, patienceMs = longestMs } = parts
  const breaker = openBreaker()
  const acts = openActBreaker()
  const most = sessions * aheadOfSession
  const sent = new Map<number, Call & Readonly<{ patience: NodeJS.Timeout }>>()
  let waiting: Call[] = []
  let nth = 0
  let child: ChildProcess | undefined
  /** Processes that have ended. */
  let deaths = 0
  /** Of them, the last in a row that have answered nothing. */
  let barren = 0
  /** The process that runs has answered something: the module works as far as that. */
  let hasAnswered = false
  /** It is never tried again with a PIN that was refused, nor with a token that is another. */
  let final: ModuleFault | undefined
  /** Being closed: who waits for the last answer. */
  let closing: (() => void) | undefined
  let closed: Promise<void> | undefined

  const settle = (call: Call, message: FromSigner): void => {
    if ('answer' in message) {
      answered(call.act, message.answer)
      call.done(message.answer)
      return
    }
    const fault = new ModuleFault(message.fault.kind, message.fault.message)
    if (isFinal(fault)) final ??= fault
    call.failed(fault)
  }

  const take = (message: FromSigner): void => {
    const call = sent.get(message.nth)
    if (call === undefined) return
    sent.delete(message.nth)
    clearTimeout(call.patience)
    breaker.closed()
    hasAnswered = true
    barren = 0
    settle(call, message)
    sendMore()
  }

  /** What was under way is asked once more, and given up where that is in vain. */
  const giveAgain = (left: readonly Call[]): void => {
    const isVain = ({ tries }: Call): boolean => tries > 0 && barren >= fewBarren
    const isLost = (call: Call): boolean => closing !== undefined || call.tries >= triesInAll || isVain(call)
    const [givenUp, again] = [left.filter(isLost), left.filter((call) => !isLost(call))]
    for (const { lost } of again) lost.at ??= deaths
    givenUp.push(...waiting.filter(isVain))
    waiting = [...again, ...waiting.filter((call) => !isVain(call))]
    for (const call of givenUp) call.failed(stopped())
  }

  const ended = (process: ChildProcess): void => {
    if (child !== process) return
    child = undefined
    deaths += 1
    if (!hasAnswered) barren += 1
    // One that ends without ever having answered is not started again at once; but by an act that was alone it is that act which ends it.
    if (!hasAnswered && (!isAlone() || barren >= fewBarren)) breaker.failed(stopped())
    const left = [...sent.values()]
    sent.clear()
    for (const { patience } of left) clearTimeout(patience)
    giveAgain(left)
    sendMore()
  }

  const start = (): ChildProcess => {
    const started = startProgram(program, sessions)
    started.on('message', (message) => take(message as FromSigner))
    started.once('exit', () => ended(started))
    // What cannot be sent to one that has just ended is sent again; one that was never started does not end.
    started.on('error', () => {
      if (started.pid === undefined) ended(started)
    })
    hasAnswered = false
    started.send(opening())
    return started
  }

  const send = (call: Call): void => {
    try {
      if (final !== undefined) throw final
      if (child === undefined && call.tries === 0) breaker.check()
      child ??= start()
      nth += 1
      const patience = setTimeout(() => child?.kill('SIGKILL'), patienceMs)
      sent.set(nth, { ...call, tries: call.tries + 1, patience })
      child.send({ nth, act: call.act, asked: call.asked })
    } catch (error) {
      call.failed(error instanceof ModuleFault ? error : stopped())
    }
  }

  const isAlone = (): boolean => {
    const [first] = sent.values()
    return first !== undefined && first.tries > 1
  }

  /** What was under way when a process died may have ended it: it is given again alone, so that it ends nothing else. */
  const mustWait = ({ tries }: Call): boolean =>
    sent.size >= most || (sent.size > 0 && (tries > 0 || isAlone()))

  const sendMore = (): void => {
    for (let [first] = waiting; first !== undefined && !mustWait(first); [first] = waiting) {
      waiting.shift()
      send(first)
    }
    if (sent.size === 0 && waiting.length === 0) closing?.()
  }

  const end = (ending: ChildProcess): Promise<void> =>
    new Promise((resolve) => {
      const late = setTimeout(() => ending.kill('SIGKILL'), closingMs)
      ending.once('exit', () => {
        clearTimeout(late)
        resolve()
      })
      ending.send({ close: true })
    })

  const finish = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      closing = resolve
      sendMore()
    })
    if (child !== undefined) await end(child)
  }

  const put = <A extends keyof T & string>(act: A, asked: T[A]['asked'], lost: Call['lost']) =>
    new Promise<T[A]['answer']>((resolve, reject) => {
      if (closing !== undefined) {
        reject(stopped())
        return
      }
      const done = (answer: unknown): void => {
        resolve(answer)
      }
      waiting.push({ act, asked, tries: 0, lost, failed: reject, done })
      sendMore()
    })

  return {
    ask: (act, asked) =>
      acts.guard(nameOf(act, asked), async (failedAgain) => {
        const lost: Call['lost'] = {}
        try {
          return await put(act, asked, lost)
        } catch (error) {
          // Those that were lost together have failed once.
          if (error instanceof ModuleFault && error.kind === 'stopped') failedAgain(error, lost.at ?? deaths)
          throw error
        }
      }),
    leftAlone: acts.open,
    pid: () => child?.pid,
    close: () => (closed ??= finish()),
  }
}
