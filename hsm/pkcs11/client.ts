// The service's side of a signer process: starts it, asks it, and starts it again when it ends. What was asked and not answered is
// asked once more: every act may be given again (protocol.ts).
import { fork, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { openBreaker } from './breaker.ts'
import { ModuleFault } from './fault.ts'
import type { Act, Answer, Asked, FromSigner, TokenSettings } from './protocol.ts'

export type SignerClient = Readonly<{
  /** @throws ModuleFault */
  ask: <A extends Act>(act: A, asked: Asked<A>) => Promise<Answer<A>>
  /** Number of the process that runs now; undefined before it was needed, and once it has ended. */
  pid: () => number | undefined
  /** Lets it finish what it is at, and end. */
  close: () => Promise<void>
}>

type Call = Readonly<{
  act: Act
  asked: object
  /** How often it has been sent. */
  tries: number
  done: (answer: unknown) => void
  failed: (fault: ModuleFault) => void
}>

/** A module that has not answered by then hangs: its process is ended, and another one started. */
const longestMs = 120_000
const closingMs = 5_000
const triesInAll = 2

/** Of the environment, everything but secrets: the module has its own variables, as SOFTHSM2_CONF. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/(?:PIN|PASSPHRASE|PASSWORD|SECRET|TOKEN)/i.test(name)),
  )

const program = fileURLToPath(new URL(`./process${extname(import.meta.url)}`, import.meta.url))
/** The sources run through tsx, as those of the service do: ours, wherever the service was started. */
const execArgv = program.endsWith('.ts')
  ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
  : []

const stopped = (): ModuleFault => new ModuleFault('stopped', 'the signer process ended before it answered')

/**
 * A process for one token; it is started by the first act.
 * @param patienceMs how long an act may take before its process is ended
 */
export const openSignerClient = (settings: TokenSettings, patienceMs = longestMs): SignerClient => {
  const breaker = openBreaker()
  const calls = new Map<number, Call & Readonly<{ patience: NodeJS.Timeout }>>()
  let [nth, isClosing] = [0, false]
  /** The process that runs has answered something: the module works as far as that. */
  let hasAnswered = false
  let child: ChildProcess | undefined
  /** It is never tried again with a PIN that was refused. */
  let refused: ModuleFault | undefined

  const take = (message: FromSigner): void => {
    const call = calls.get(message.nth)
    if (call === undefined) return
    calls.delete(message.nth)
    clearTimeout(call.patience)
    breaker.closed()
    hasAnswered = true
    if ('answer' in message) call.done(message.answer)
    else {
      const fault = new ModuleFault(message.fault.kind, message.fault.message)
      if (fault.kind === 'pin') refused = fault
      call.failed(fault)
    }
  }

  /** What the process that has ended leaves unanswered. */
  const again = (): void => {
    const left = [...calls.values()]
    calls.clear()
    for (const { patience, ...call } of left) {
      clearTimeout(patience)
      if (isClosing || call.tries >= triesInAll) call.failed(stopped())
      else send(call)
    }
  }

  const start = (): ChildProcess => {
    const started = fork(program, [], {
      ...{ execArgv, env: environment(), serialization: 'advanced' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    started.on('message', (message) => take(message as FromSigner))
    started.once('exit', () => {
      if (child === started) child = undefined
      // One that ends without ever having answered is not started again at once.
      if (!hasAnswered) breaker.failed(stopped())
      again()
    })
    hasAnswered = false
    started.send({ open: settings })
    return started
  }

  const send = (call: Call): void => {
    try {
      if (refused !== undefined) throw refused
      if (child === undefined && call.tries === 0) breaker.check()
      child ??= start()
      nth += 1
      const patience = setTimeout(() => child?.kill('SIGKILL'), patienceMs)
      calls.set(nth, { ...call, tries: call.tries + 1, patience })
      child.send({ nth, act: call.act, asked: call.asked })
    } catch (error) {
      call.failed(error instanceof ModuleFault ? error : stopped())
    }
  }

  return {
    ask: <A extends Act>(act: A, asked: Asked<A>) =>
      new Promise<Answer<A>>((resolve, reject) => {
        if (isClosing) reject(stopped())
        else
          send({
            ...{ act, asked, tries: 0, failed: reject },
            done: (answer) => {
              resolve(answer as Answer<A>)
            },
          })
      }),
    pid: () => child?.pid,
    close: async () => {
      isClosing = true
      const ending = child
      if (ending === undefined) return
      await new Promise<void>((resolve) => {
        const late = setTimeout(() => ending.kill('SIGKILL'), closingMs)
        ending.once('exit', () => {
          clearTimeout(late)
          resolve()
        })
        ending.send({ close: true })
      })
    },
  }
}
