// The signer process: it alone loads the module of a token and logs in (hsm.md 0). It is told what to do by messages, one after the
// other or several at once, and answers each. It ends with the service that started it.
import { openBreaker } from './breaker.ts'
import { lookAtCanary, openCanaryWatch } from './canary.ts'
import { faultOf, ModuleFault } from './fault.ts'
import { openHolderKeys } from './holderKeys.ts'
import { goInside } from './inside.ts'
import { openPairs } from './pairs.ts'
import type { Act, Answer, Asked, Canary, FromSigner, TokenSettings, ToSigner } from './protocol.ts'
import { openSignatureCounts } from '../signatureCount.ts'
import { openSentKeys } from './sentKeys.ts'
import { openSecrets } from './secrets.ts'
import { openToken } from './token.ts'

type Doing = { readonly [A in Act]: (asked: Asked<A>) => Answer<A> | Promise<Answer<A>> }

type Opened = Readonly<{ acts: Doing; close: () => Promise<void> }>

const open = (settings: TokenSettings, canary: Canary | undefined): Opened => {
  const watch = openCanaryWatch(canary)
  const token = openToken(settings, watch.look)
  const counts = openSignatureCounts(settings.counts)
  const pairs = openPairs(token, counts)
  const acts: Doing = {
    ...{ ...pairs, ...openSecrets(token, settings.wrapMechanism) },
    ...openHolderKeys(token, settings.wrapMechanism),
    ...openSentKeys(token, settings.wrapMechanism),
    counts: counts.counts,
    thrownAway: ({ id }) => {
      counts.thrownAway(id)
      return undefined
    },
    token: () => token.info(),
    health: () => lookAtCanary(token, pairs, watch),
  }
  const close = async (): Promise<void> => {
    // Once nothing is at work any more.
    await token.close()
    await counts.close()
  }
  return { acts, close }
}

let told: Readonly<{ open: TokenSettings; canary: Canary | undefined }> | undefined
let opening: Promise<Opened> | undefined
let inside: Opened | undefined
const breaker = openBreaker()

/** @throws ModuleFault where another process is inside the token, or the module cannot be loaded */
const goIn = async (): Promise<Opened> => {
  if (told === undefined) throw new ModuleFault('device', 'the signer process was not told of a token')
  breaker.check()
  try {
    const { release } = await goInside(told.open.inside)
    try {
      const { acts, close } = open(told.open, told.canary)
      inside = {
        acts,
        close: async () => {
          await close()
          await release()
        },
      }
      return inside
    } catch (error) {
      await release()
      throw error
    }
  } catch (error) {
    const fault = faultOf(error, 'load the module')
    breaker.failed(fault)
    throw fault
  }
}

/** Opens it for the first act; where that fails, the next one tries again. */
const opened = (): Promise<Opened> => {
  opening ??= goIn().catch((error: unknown) => {
    opening = undefined
    throw error
  })
  return opening
}

/** To a service that has ended nothing is said. */
const say = (message: FromSigner): void => {
  if (process.connected) process.send?.(message)
}

const perform = async (act: Act, asked: object): Promise<unknown> => {
  const { acts } = await opened()
  const perform = acts[act] as (asked: object) => unknown
  return await perform(asked)
}

const answer = async (nth: number, act: Act, asked: object): Promise<void> => {
  try {
    say({ nth, answer: await perform(act, asked) })
  } catch (error) {
    const { kind, message } = faultOf(error, act)
    say({ nth, fault: { kind, message } })
  }
}

/** One that still waits outside has nothing to bring to its end. */
const end = async (): Promise<void> => {
  await inside?.close()
  process.exit(0)
}

process.on('message', (message: ToSigner) => {
  if ('close' in message) void end()
  else if ('nth' in message) void answer(message.nth, message.act, message.asked)
  else told = message
})
process.on('disconnect', () => void end())
// The terminal's interrupt is for the service, which lets go of us when it is done.
process.on('SIGINT', () => undefined)
