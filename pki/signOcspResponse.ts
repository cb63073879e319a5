// An OCSP response from what it says to the octets that are sent: written, linted, signed. A finding stops it before the
// key is used. Certificates and lists are signed by the commands, which first write down what they are about to sign.
import { spkiOf } from './fields.ts'
import { lintOcspResponse, type Finding, type OcspContext } from './lint.ts'
import { assembleOcspResponse, ocspTbs, type OcspPlan } from './ocsp.ts'
import { onceForOctets } from './memo.ts'
import type { Signer } from './signer.ts'

const keyOfResponder = onceForOctets(spkiOf)

/** What was to be signed breaks a rule: nothing was signed. */
export class LintFault extends Error {
  override readonly name = 'LintFault'
  readonly findings: readonly Finding[]
  constructor(findings: readonly Finding[]) {
    super(findings.map(({ rule, message, citation }) => `${rule}: ${message} (${citation})`).join('; '))
    this.findings = findings
  }
}

/**
 * A successful OCSPResponse, signed with the responder's key, its certificate inside; without one where the issuer
 * itself signs.
 * @throws LintFault, and what the signer throws
 */
export const signOcspResponse = async (
  plan: Omit<OcspPlan, 'responderSpki'>,
  context: OcspContext,
  signer: Signer,
): Promise<Uint8Array> => {
  if (Buffer.compare(keyOfResponder(context.responder), signer.spki) !== 0) {
    throw new Error('not the certificate of this key')
  }
  const tbs = ocspTbs({ ...plan, responderSpki: signer.spki })
  const findings = lintOcspResponse(tbs, context)
  if (findings.length > 0) throw new LintFault(findings)
  const delegated = Buffer.compare(context.responder, context.issuer) !== 0
  const signature = { algorithm: signer.algorithm, signature: await signer.sign(tbs) }
  return assembleOcspResponse(tbs, signature, delegated ? [context.responder] : [])
}
