// The token's canary: a key that nothing is signed with but a challenge. A token that was initialised anew under our feet keeps its
// serial number and our login, and makes keys as before (hsm.md 7): that the canary signs is the proof that it is still ours.
import { ModuleFault } from './fault.ts'
import type { Answer, Asked } from './protocol.ts'
import type { Pairs } from './pairs.ts'
import { signs } from './pairs.ts'
import { requireObject } from './objects.ts'
import type { Token } from './token.ts'

const id = '00000000-0000-4000-8000-6361006e6172'
const label = 'grand-livre canary'

const another = (why: string): ModuleFault =>
  new ModuleFault('lost', `the token is not the one that this installation began with: ${why}`)

/**
 * Looks whether the token is still the one that it was.
 * @param asked.canary as the first look answered it; without it, this is the first, and the canary is made
 */
export const lookAtCanary = async (
  token: Token,
  pairs: Pairs,
  { canary }: Asked<'health'>,
): Promise<Answer<'health'>> => {
  const { serial } = await token.info()
  if (canary === undefined) {
    const { spki } = await pairs.generate({ id, label, algorithm: 'ecP256' })
    return { canary: { serial, spki: Buffer.from(spki).toString('base64') } }
  }
  if (canary.serial !== serial) throw another('its serial number differs')
  const found = await pairs.find({ id })
  if (found === undefined) throw another('its canary is gone')
  if (Buffer.from(found.spki).toString('base64') !== canary.spki) throw another('its canary is another key')
  const sings = await token.runAlone('sign with the canary', (at) =>
    signs(at, requireObject(at, 'private', id), found),
  )
  if (!sings) throw another('its canary does not sign')
  return { canary }
}
