// One token, opened: one login, some sessions, and everything opened anew where that may heal it (hsm.md 7). Handles are good for one
// login; they are found again by CKA_ID after each.
import pkcs11js, { type Handle } from 'pkcs11js'
import { openTurns } from '../../domain/turns.ts'
import { openActBreaker, openBreaker } from './breaker.ts'
import { faultOf, mayHeal, ModuleFault } from './fault.ts'
import { findAgain, requireObject, type At, type ObjectClass } from './objects.ts'
import { openPool } from './pool.ts'
import type { TokenInfo, TokenSettings } from './protocol.ts'
import { openRefusedPin } from './refusedPin.ts'
import { describe, requireApart, slotOf, verdictOf } from './slot.ts'

export type Token = Readonly<{
  info: () => Promise<TokenInfo>
  /**
   * Runs an act with a session. What may be healed is, once, and the act is then given again: so it has to be one that may. One that goes
   * on failing is left alone.
   * @param name of what fails together, where the act alone does not say it
   * @throws ModuleFault
   */
  run: <T>(act: string, use: (at: At) => Promise<T>, name?: string) => Promise<T>
  /** As `run`; of the acts that find or make objects one at a time: others see half of what is being written. */
  runAlone: <T>(act: string, use: (at: At) => Promise<T>, name?: string) => Promise<T>
  /**
   * Looks at the canary, inside an act: before anything is made on the token, and after, as it may be initialised anew at any time.
   * @throws ModuleFault which has everything opened anew, and there the token's own fault is found
   */
  requireOurs: (at: At) => Promise<void>
  /** @throws ModuleFault where something is left alone that goes on failing, whatever the canary says */
  requireAll: () => void
  /** Whether a handle is known under this name since the last login: to look for it would have to be done alone. */
  knows: (name: string) => boolean
  /**
   * As `runAlone`, once every session was closed and new ones were opened, and before anybody has one of these: what was armed is gone, and
   * nobody arms anything until the act has ended.
   * @param use is told how many sessions were closed
   */
  runReopened: <T>(act: string, use: (at: At, sessionsClosed: number) => Promise<T>) => Promise<T>
  /** Ends once nothing is at work any more. */
  close: () => Promise<void>
}>

/**
 * @param look looks at the canary, each time before anything is done with a token that was opened (canary.ts)
 * @throws ModuleFault when the module cannot be loaded; the token itself is opened by the first act
 */
export const openToken = (
  settings: TokenSettings,
  look: (at: At, serial: string) => Promise<void>,
): Token => {
  const module = new pkcs11js.PKCS11()
  try {
    module.load(settings.module)
  } catch {
    throw new ModuleFault('device', `the PKCS#11 module cannot be loaded: ${settings.module}`)
  }
  const refused = openRefusedPin(settings.refusedPin)
  const pool = openPool<Handle>()
  const breaker = openBreaker()
  const acts = openActBreaker()
  const inTurn = openTurns()
  let handles = new Map<string, Handle>()
  let info: TokenInfo | undefined
  /** How often it was opened: who failed before the last time just tries again. */
  let epoch = 0
  let opening: Promise<void> | undefined

  const login = (session: Handle): void => {
    try {
      module.C_Login(session, pkcs11js.CKU_USER, settings.pin)
    } catch (error) {
      throw faultOf(error, `log in to the token ${settings.token}`)
    }
  }

  const finalize = (): void => {
    try {
      module.C_Finalize()
    } catch {
      // It was not initialised, which is what was wanted.
    }
  }

  const openSessions = async (): Promise<readonly [Handle, ...Handle[]]> => {
    finalize()
    module.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
    const { slot, label, serial } = slotOf(module, settings.token)
    requireApart({ label, serial }, settings.apartFrom ?? [])
    const flags = pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION
    const sessions = Array.from({ length: settings.sessions }, () => module.C_OpenSession(slot, flags))
    const [first, ...others] = sessions
    if (first === undefined) throw new ModuleFault('device', 'no session was asked for')
    await refused.unlessRefused({ serial, pin: settings.pin }, () => login(first))
    info = { module: describe(module), label, serial }
    const at: At = { module, session: first, handles: new Map() }
    findAgain(at, handles.keys())
    handles = at.handles
    await look(at, serial).catch((error: unknown) => {
      throw verdictOf(module, slot, error)
    })
    return [first, ...others]
  }

  const openOrWait = async (): ReturnType<typeof openSessions> => {
    try {
      const sessions = await openSessions()
      breaker.closed()
      epoch += 1
      return sessions
    } catch (error) {
      const fault = faultOf(error, 'open the token')
      breaker.failed(fault)
      // Nobody stays logged in to a token that is not used.
      finalize()
      throw fault
    }
  }

  /** @param before anybody else has a session; it throws nothing */
  const openAnew = async (before?: (at: At) => Promise<void>): Promise<void> => {
    breaker.check()
    await pool.alone(async () => {
      const sessions = await openOrWait()
      await before?.({ module, session: sessions[0], handles })
      return sessions
    })
  }

  const opens = (before?: (at: At) => Promise<void>): Promise<void> => {
    opening = openAnew(before).finally(() => {
      opening = undefined
    })
    return opening
  }

  /** Opens it, or joins who does; not where somebody has since `seen`. */
  const renew = (seen: number): Promise<void> => {
    if (epoch !== seen) return Promise.resolve()
    return opening ?? opens()
  }

  const once = <T>(act: string, use: (at: At) => Promise<T>): Promise<T> =>
    pool.with(async (session) => {
      try {
        return await use({ module, session, handles })
      } catch (error) {
        throw faultOf(error, act)
      }
    })

  const run: Token['run'] = async (act, use, name = act) => {
    if (epoch === 0) await renew(0)
    breaker.check()
    return await acts.guard(name, async (failedAgain) => {
      const seen = epoch
      try {
        return await once(act, use)
      } catch (error) {
        if (!(error instanceof ModuleFault) || !mayHeal(error)) throw error
        await renew(seen)
      }
      const openedAs = epoch
      try {
        return await once(act, use)
      } catch (error) {
        if (error instanceof ModuleFault && mayHeal(error)) failedAgain(error, openedAs)
        throw error
      }
    })
  }

  /** Opens it anew and does an act before anybody has a session. @returns what it gave, or its fault; one of the opening is thrown */
  const reopened = async <T>(act: string, use: (at: At) => Promise<T>): Promise<(() => T) | ModuleFault> => {
    // One that is under way hands its sessions out when it ends.
    while (opening !== undefined) await opening.catch(() => undefined)
    let outcome: (() => T) | ModuleFault = new ModuleFault('device', `the module did not ${act}`)
    await opens(async (at) => {
      outcome = await use(at).then(
        (given) => () => given,
        (error: unknown) => faultOf(error, act),
      )
    })
    return outcome
  }

  const runReopened: Token['runReopened'] = (act, use) =>
    acts.guard(act, async (failedAgain) => {
      const sessionsClosed = epoch === 0 ? 0 : settings.sessions
      const given = () => reopened(act, (at) => use(at, sessionsClosed))
      let outcome = await given()
      if (outcome instanceof ModuleFault && mayHeal(outcome)) {
        outcome = await given()
        if (outcome instanceof ModuleFault && mayHeal(outcome)) failedAgain(outcome, epoch)
      }
      if (outcome instanceof ModuleFault) throw outcome
      return outcome()
    })

  return {
    run,
    runReopened: (act, use) => inTurn('objects', () => runReopened(act, use)),
    runAlone: (act, use, name) => inTurn('objects', () => run(act, use, name)),
    info: async () => {
      if (epoch === 0) await renew(0)
      if (info === undefined) throw new ModuleFault('device', 'the token was never opened')
      return info
    },
    requireOurs: (at) => look(at, info?.serial ?? ''),
    requireAll: () => {
      const fault = acts.open()
      if (fault !== undefined) throw fault
    },
    knows: (name) => handles.has(name),
    close: () =>
      pool.alone(async () => {
        finalize()
        return []
      }),
  }
}

/** Runs an act with a key of the token; where its handle is not known, it is looked for first, while nobody makes objects. */
export const withObject = async <T>(
  token: Token,
  act: string,
  [kind, id]: readonly [ObjectClass, string],
  use: (at: At, key: Handle) => Promise<T>,
): Promise<T> => {
  const object = `${kind} ${id}`
  if (!token.knows(object))
    await token.runAlone(act, async (at) => void requireObject(at, kind, id), `find ${object}`)
  return await token.run(act, (at) => use(at, requireObject(at, kind, id)), `${act} ${object}`)
}
