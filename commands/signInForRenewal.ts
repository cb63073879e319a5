// CGU-58: the holder signs in with the certificate of the sibling authority: its key answers the challenge, and it holds by
// what is trusted, now. Whose it is, the decider judges (commands/requestRenewal.ts).
import type { Instant } from '../domain/kernel.ts'
import { marked, type Policy } from '../domain/policy/policy.ts'
import type { Shown } from '../domain/policy/renewal.ts'
import { certificateFrom, judgeAuthCertificate, provesPossession } from '../pki/authCertificate.ts'
import type { CertificateContent } from '../pki/describe.ts'
import type { ReadTrust } from '../pki/trust.ts'
import type { About, AuthChallenges } from './authChallenges.ts'
import type { SignedIn } from './requestRenewal.ts'

/** What the holder presents: a certificate in PEM or base64, the challenge that he was given, and his signature, base64. */
export type Presented = Readonly<{ certificate: string; challenge: string; signature: string }>

export type SignInTools = Readonly<{
  policy: Policy
  now: () => Instant
  challenges: AuthChallenges
  /** Absent: nobody is trusted, and nobody renews alone. */
  trust: ReadTrust | undefined
  /** The program's person number. */
  verifier: string
}>

export type SignIn = (about: About, presented: Presented) => Promise<SignedIn>

/** What it says of its subject, in the terms of the registration. */
const shownBy = ({ subject, email }: CertificateContent): Shown => {
  const { surname, givenName, commonName, serialNumber } = subject
  const said = Object.entries({ surname, givenName, commonName, serialNumber, email })
  return Object.fromEntries(said.filter(([, value]) => value !== undefined))
}

/** The certificate that is presented, once its key has answered the challenge. */
const possessed = async (
  challenges: AuthChallenges,
  about: About,
  { certificate: text, challenge, signature }: Presented,
): Promise<Readonly<{ fault: string } | { certificate: Uint8Array }>> => {
  const stale = await challenges.redeem(about, challenge)
  if (stale !== undefined) return { fault: stale }
  const certificate = certificateFrom(text)
  if (certificate === undefined) return { fault: 'unreadable' }
  return provesPossession(certificate, challenge, Buffer.from(signature, 'base64'))
    ? { certificate }
    : { fault: 'proofWrong' }
}

/** What is found about a certificate that is presented: never an exception, since every fault is an answer. */
export const signInForRenewal = async (
  { policy, now, challenges, trust: readTrust, verifier }: SignInTools,
  about: About,
  presented: Presented,
): Promise<SignedIn> => {
  const own = await possessed(challenges, about, presented)
  if ('fault' in own) return own
  const trust = await readTrust?.().catch(() => undefined)
  if (trust === undefined) return { fault: 'trustMissing' }
  const checkedAt = now()
  const issuerName = marked(policy, policy.renewal.authIssuer)
  const found = await judgeAuthCertificate(own.certificate, { trust, issuerName, at: checkedAt })
  if ('fault' in found) return found
  return {
    shown: shownBy(found.content),
    named: `${found.content.serial} ${issuerName}`,
    der: Buffer.from(own.certificate).toString('base64'),
    statusSha256: found.statusSha256,
    checkedAt,
    verifier,
  }
}
