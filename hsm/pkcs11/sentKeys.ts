// Holders' keys for who takes the escrow over. Each goes from its KEK to an AES key of this one part inside the module, and is in clear
// nowhere else. The AES key itself comes from the module's generator and goes to the successor under RSAES-OAEP with SHA-256, which SoftHSM
// does not do (hsm.md 2.1): so for the time of one part it is in the memory of this process, which has the PIN and could open every key
// anyway, and in no other.
import { sealFor, refusedFor } from '../sentKeys.ts'
import { successorKeyOf } from '../transportKey.ts'
import type { SentTo, UnderKek } from '../wrapping.ts'
import { longestKey, meanwhile, openedUnder, transportTemplate } from './holderKeys.ts'
import { requireObject, type At } from './objects.ts'
import type { Answer, Asked } from './protocol.ts'
import { withObject, type Token } from './token.ts'

export type SentKeys = Readonly<{ sendTo: (asked: Asked<'sendTo'>) => Promise<Answer<'sendTo'>> }>

/** @param wrapMechanism see TokenSettings */
export const openSentKeys = (token: Token, wrapMechanism: number): SentKeys => {
  const opened = openedUnder(wrapMechanism)

  const sendAll = async (at: At, aes: Buffer, keys: readonly UnderKek[]): Promise<SentTo['keys']> => {
    const { module, session } = at
    const under = module.C_CreateObject(session, transportTemplate(aes))
    const send = async ({ kek, ...wrapped }: UnderKek): Promise<SentTo['keys'][number]> => {
      const { key } = opened(at, [requireObject(at, 'secret', kek), true], wrapped)
      const blob = await meanwhile(at, [key], async () =>
        Buffer.from(
          module.C_WrapKey(session, { mechanism: wrapMechanism }, under, key, Buffer.alloc(longestKey)),
        ),
      )
      // What goes out is known to open.
      const { spkiSha256 } = wrapped
      module.C_DestroyObject(session, opened(at, [under, false], { blob, spkiSha256 }).key)
      return { blob }
    }
    return await meanwhile(at, [under], async () => {
      const sent: SentTo['keys'][number][] = []
      for (const one of keys) sent.push(await send(one).catch(refusedFor))
      return sent
    })
  }

  return {
    sendTo: async ({ successor, label, keys }) => {
      // Before any key is opened: under anything else than a key of that kind none would stay closed.
      successorKeyOf(successor)
      for (const kek of new Set(keys.map((one) => one.kek)))
        await withObject(token, 'find a KEK', ['secret', kek], async () => undefined)
      return await token.run('hand keys over to a successor', async (at) => {
        const aes = Buffer.alloc(32)
        at.module.C_GenerateRandom(at.session, aes)
        try {
          return { ...sealFor(successor, aes, label), keys: await sendAll(at, aes, keys) }
        } finally {
          aes.fill(0)
        }
      })
    },
  }
}
