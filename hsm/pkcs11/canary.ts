// The token's canary: a key that nothing is signed with but a challenge. A token that was initialised anew under our feet keeps its
// serial number and our login, and makes keys as before (hsm.md 7): that the canary signs is the proof that it is still ours.
import { ModuleFault } from './fault.ts'
import { objectOf, type At } from './objects.ts'
import type { Pairs } from './pairs.ts'
import { signs } from './pairs.ts'
import type { Answer, Canary } from './protocol.ts'
import type { Token } from './token.ts'

const id = '00000000-0000-4000-8000-6361006e6172'
const label = 'grand-livre canary'

const another = (why: string): ModuleFault =>
  new ModuleFault('lost', `the token is not the one that this installation began with: ${why}`)

export type CanaryWatch = Readonly<{
  known: () => Canary | undefined
  begin: (canary: Canary) => void
  /** @throws ModuleFault `lost` where the token that is looked at is not the one of the canary; where none is known, any is */
  look: (at: At, serial: string) => Promise<void>
}>

/** @param first the canary as the manifest has it; undefined until one was made */
export const openCanaryWatch = (first: Canary | undefined): CanaryWatch => {
  let canary = first
  return {
    known: () => canary,
    begin: (made) => {
      canary = made
    },
    look: async (at, serial) => {
      if (canary === undefined) return
      if (canary.serial !== serial) throw another('its serial number differs')
      const key = objectOf(at, 'private', id)
      if (key === undefined) throw another('its canary is gone')
      const spki = Buffer.from(canary.spki, 'base64')
      if (!(await signs(at, key, { algorithm: 'ecP256', spki }))) throw another('its canary is another key')
    },
  }
}

/** Looks whether the token is still the one that it was, and does all that it is asked for; the first look of all makes the canary. */
export const lookAtCanary = async (
  token: Token,
  pairs: Pairs,
  watch: CanaryWatch,
): Promise<Answer<'health'>> => {
  if (watch.known() === undefined) {
    const { serial } = await token.info()
    const { spki } = await pairs.generate({ id, label, algorithm: 'ecP256' })
    watch.begin({ serial, spki: Buffer.from(spki).toString('base64') })
  }
  await token.run('sign with the canary', token.requireOurs)
  token.requireAll()
  const canary = watch.known()
  if (canary === undefined) throw new ModuleFault('device', 'there is no canary')
  return { canary }
}
