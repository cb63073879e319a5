// CGU-58: what a holder signs to show that the key of his authentication certificate is in his hand. A challenge is for one
// person and one certificate to renew, lives for minutes, and answers once: it is forgotten as soon as it is presented, so a
// proof that was overheard is worth nothing. None outlives the process (docs/adr/0017).
import type { Instant } from '../domain/kernel.ts'
import { addSeconds } from '../domain/policy/dates.ts'

const livesSeconds = 300
const octets = 32

export type About = Readonly<{ person: string; previous: string }>
export type Challenge = Readonly<{ challenge: string; expiresAt: Instant }>

export type AuthChallenges = Readonly<{
  /** A new one, which takes the place of the one before. */
  draw: (about: About) => Challenge
  /** Takes it away. @returns what is wrong with it, as a code */
  redeem: (about: About, challenge: string) => string | undefined
}>

export const openAuthChallenges = (
  tools: Readonly<{ now: () => Instant; randomBytes: (length: number) => Uint8Array }>,
): AuthChallenges => {
  const open = new Map<string, Challenge>()
  const nameOf = ({ person, previous }: About): string => `${person} ${previous}`

  /** What has lapsed is not kept: the map holds no more than the last minutes have asked for. */
  const forgetLapsed = (at: Instant): void => {
    for (const [name, { expiresAt }] of open) if (expiresAt <= at) open.delete(name)
  }

  return {
    draw: (about) => {
      const at = tools.now()
      forgetLapsed(at)
      const nonce = Buffer.from(tools.randomBytes(octets)).toString('base64url')
      // It says what it is for: nothing else that the key may sign can be taken for it.
      const challenge = `grand-livre renewal ${about.previous} ${about.person} ${nonce}`
      const drawn = { challenge, expiresAt: addSeconds(at, livesSeconds) }
      open.set(nameOf(about), drawn)
      return drawn
    },
    redeem: (about, challenge) => {
      const name = nameOf(about)
      const drawn = open.get(name)
      if (drawn?.challenge !== challenge) return 'challengeUnknown'
      open.delete(name)
      return drawn.expiresAt <= tools.now() ? 'challengeLapsed' : undefined
    },
  }
}
