// A PIN that a token has refused, remembered beyond the process that tried it: one that is started again and again would have the token
// count its tries until it locks. Kept is a stretched digest of the token's serial number and the PIN, no PIN.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { readIfPresent, replaceDurable } from '../durable.ts'
import { scryptCost, stretch } from '../stretch.ts'
import { ModuleFault } from './fault.ts'

type Remembered = Readonly<{ salt: string; digest: string }>

/** What is wrong is the PIN itself. That the token is locked, or that the PIN has run out, says nothing of the next try with it. */
const isWrong = /CKR_PIN_(INCORRECT|INVALID|LEN_RANGE)/

const digestOf = (serial: string, pin: string, salt: string): Promise<Buffer> =>
  stretch(JSON.stringify([serial, pin]), { n: scryptCost, salt: Buffer.from(salt, 'hex') })

/** @param path file of one token; undefined where nothing is remembered */
export const openRefusedPin = (path: string | undefined) => {
  const isRemembered = async (file: string, serial: string, pin: string): Promise<boolean> => {
    const stored = await readIfPresent(file)
    if (stored === undefined) return false
    const { salt, digest } = JSON.parse(stored.toString('utf8')) as Remembered
    return timingSafeEqual(await digestOf(serial, pin, salt), Buffer.from(digest, 'hex'))
  }
  const remember = async (file: string, serial: string, pin: string): Promise<void> => {
    const salt = randomBytes(16).toString('hex')
    const digest = (await digestOf(serial, pin, salt)).toString('hex')
    await replaceDurable(file, Buffer.from(JSON.stringify({ salt, digest } satisfies Remembered)))
  }
  /** What has to be said of a PIN that was refused: the fault is the same where it could not be remembered, so that this process is done. */
  const refusedAs = async (fault: ModuleFault, remembering: () => Promise<void>): Promise<ModuleFault> => {
    try {
      await remembering()
      return fault
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? 'no code'
      return new ModuleFault(
        fault.kind,
        `${fault.message}; that could not be remembered (${why}), and the next start will try it again: do not start before the PIN is right`,
      )
    }
  }
  return {
    /**
     * Logs in, unless this token has refused this PIN before. What was remembered is forgotten once another PIN is good.
     * @throws ModuleFault `pin`, whether it could be remembered or not; whatever `login` throws
     */
    unlessRefused: async (
      { serial, pin }: Readonly<{ serial: string; pin: string }>,
      login: () => void,
    ): Promise<void> => {
      if (path === undefined) {
        login()
        return
      }
      if (await isRemembered(path, serial, pin))
        throw new ModuleFault(
          'pin',
          `the token has refused this PIN before, and it is not tried again: give the right one, or, where it is right now, remove ${basename(path)}`,
        )
      try {
        login()
      } catch (error) {
        if (!(error instanceof ModuleFault) || !isWrong.test(error.message)) throw error
        throw await refusedAs(error, () => remember(path, serial, pin))
      }
      await rm(path, { force: true })
    },
  }
}
