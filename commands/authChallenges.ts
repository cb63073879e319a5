// CGU-58: what a holder signs to show that the key of his authentication certificate is in his hand. A challenge is for one
// person and one certificate to renew, lives for minutes, and answers once: it is forgotten as soon as it is presented, so a
// proof that was overheard is worth nothing. It may be presented to another process than the one that drew it (docs/adr/0017).
import { createHash } from 'node:crypto'
import type { Instant } from '../domain/kernel.ts'
import { addSeconds } from '../domain/policy/dates.ts'

const livesSeconds = 300
const octets = 32

export type About = Readonly<{ person: string; previous: string }>
export type Challenge = Readonly<{ challenge: string; expiresAt: Instant }>

export type AuthChallenges = Readonly<{
  /** A new one, which takes the place of the one before. */
  draw: (about: About) => Promise<Challenge>
  /** Takes it away. @returns what is wrong with it, as a code */
  redeem: (about: About, challenge: string) => Promise<string | undefined>
}>

/** Where challenges wait, by name, each as its digest. */
export type ChallengeStore = Readonly<{
  put: (name: string, stored: Readonly<{ sha256: string; expiresAt: Instant }>, at: Instant) => Promise<void>
  /** Takes it away, if it is this one. @returns when it ends */
  take: (name: string, sha256: string) => Promise<Instant | undefined>
}>

const digest = (challenge: string): string => createHash('sha256').update(challenge).digest('hex')
const nameOf = ({ person, previous }: About): string => `${person} ${previous}`

export const openAuthChallenges = ({
  now,
  randomBytes,
  store,
}: Readonly<{
  now: () => Instant
  randomBytes: (length: number) => Uint8Array
  store: ChallengeStore
}>): AuthChallenges => ({
  draw: async (about) => {
    const at = now()
    const nonce = Buffer.from(randomBytes(octets)).toString('base64url')
    // It says what it is for: nothing else that the key may sign can be taken for it.
    const challenge = `grand-livre renewal ${about.previous} ${about.person} ${nonce}`
    const expiresAt = addSeconds(at, livesSeconds)
    await store.put(nameOf(about), { sha256: digest(challenge), expiresAt }, at)
    return { challenge, expiresAt }
  },
  redeem: async (about, challenge) => {
    const expiresAt = await store.take(nameOf(about), digest(challenge))
    if (expiresAt === undefined) return 'challengeUnknown'
    return expiresAt <= now() ? 'challengeLapsed' : undefined
  },
})
