// The signer process: it alone loads the module of a token and logs in (hsm.md 0). It is told what to do by messages, one after the
// other or several at once, and answers each. It ends with the service that started it.
import { lookAtCanary, openCanaryWatch } from './canary.ts'
import { faultOf, ModuleFault } from './fault.ts'
import { openHolderKeys } from './holderKeys.ts'
import { openPairs } from './pairs.ts'
import type { Act, Answer, Asked, Canary, FromSigner, TokenSettings, ToSigner } from './protocol.ts'
import { openSignatureCounts } from '../signatureCount.ts'
import { openSentKeys } from './sentKeys.ts'
import { openSecrets } from './secrets.ts'
import { openToken } from './token.ts'

type Doing = { readonly [A in Act]: (asked: Asked<A>) => Answer<A> | Promise<Answer<A>> }

const open = (
  settings: TokenSettings,
  canary: Canary | undefined,
): Readonly<{ acts: Doing; close: () => Promise<void> }> => {
  const watch = openCanaryWatch(canary)
  const token = openToken(settings, watch.look)
  const counts = openSignatureCounts(settings.counts)
  const pairs = openPairs(token, counts)
  const acts: Doing = {
    ...{ ...pairs, ...openSecrets(token, settings.wrapMechanism) },
    ...openHolderKeys(token, settings.wrapMechanism),
    ...openSentKeys(token, settings.wrapMechanism),
    counts: counts.counts,
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

let opened: ReturnType<typeof open> | ModuleFault | undefined

/** To a service that has ended nothing is said. */
const say = (message: FromSigner): void => {
  if (process.connected) process.send?.(message)
}

const perform = async (act: Act, asked: object): Promise<unknown> => {
  if (opened === undefined) throw new ModuleFault('device', 'the signer process was not told of a token')
  if (opened instanceof ModuleFault) throw opened
  const perform = opened.acts[act] as (asked: object) => unknown
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

const end = async (): Promise<void> => {
  if (opened !== undefined && !(opened instanceof ModuleFault)) await opened.close()
  process.exit(0)
}

process.on('message', (message: ToSigner) => {
  if ('close' in message) void end()
  else if ('nth' in message) void answer(message.nth, message.act, message.asked)
  else
    try {
      opened = open(message.open, message.canary)
    } catch (error) {
      opened = faultOf(error, 'load the module')
    }
})
process.on('disconnect', () => void end())
// The terminal's interrupt is for the service, which lets go of us when it is done.
process.on('SIGINT', () => undefined)
