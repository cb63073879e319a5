// Our own part of a holder's certificate: everything but the signature, which a stub takes a millisecond for.
import { createHash } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { lintCertificate } from '../../pki/lint.ts'
import { assembleCertificate, holderTbs, type HolderPlan } from '../../pki/certificate.ts'
import { verifySignedBy } from '../../pki/fields.ts'
import {
  newPair,
  openAuthority,
  policyWith,
  serialOfNumber,
  spkiOf,
  started,
  yearsFrom,
  zoe,
} from '../pki/authority.ts'
import { speedOf, takeTurns, withWorkers, type Asked, type Comparison } from './bench.ts'

const workers = 8
const stubMs = 1

const digestOf = (tbs: Uint8Array): string => createHash('sha256').update(tbs).digest('base64')

/** Microseconds of a processor that each of some acts takes, one after the other. */
const microseconds = (count: number, act: (n: number) => unknown): number => {
  const before = process.cpuUsage()
  for (let n = 0; n < count; n += 1) act(n)
  const { user, system } = process.cpuUsage(before)
  return Math.round((user + system) / count)
}

export const certificateBench = async ({ quick }: Asked) => {
  const { policy, ca } = await openAuthority(policyWith('rsa3072'))
  const count = quick ? 200 : 1000
  const spki = spkiOf(newPair('rsa3072'))
  const validity = { notBefore: started, notAfter: yearsFrom(started, policy.holder.validityYears) }
  const planOf = (n: number): HolderPlan => ({
    ...{ ...validity, spki, issuer: ca.issuer, subject: zoe, serial: serialOfNumber(n) },
    email: 'zoe.dete-brule@douane.example',
  })
  const { algorithm } = ca.signer
  const lint = (tbs: Uint8Array) =>
    lintCertificate(tbs, 'holder', { policy, issuer: ca.certificate, algorithm })

  // Signed before: a stub that signed would be at work on our processor.
  const signatures = new Map<string, Uint8Array>()
  for (let n = 0; n < count; n += 1) {
    const tbs = holderTbs(policy, planOf(n))
    signatures.set(digestOf(tbs), await ca.signer.sign(tbs))
  }
  const stub = async (tbs: Uint8Array): Promise<Uint8Array> => {
    await after(stubMs)
    const signature = signatures.get(digestOf(tbs))
    if (signature === undefined) throw new Error('nothing was signed for this')
    return signature
  }
  const issue = async (n: number): Promise<void> => {
    const tbs = holderTbs(policy, planOf(n))
    if (lint(tbs).length > 0) throw new Error('a lint was not kept')
    const der = assembleCertificate(tbs, algorithm, await stub(tbs))
    if (!verifySignedBy(der, ca.issuer.spki)) throw new Error('a signature does not verify')
  }
  const { ours, baseline } = await takeTurns(
    {
      ours: () => speedOf(count, () => withWorkers(workers, count, issue)),
      baseline: () => speedOf(count, () => withWorkers(workers, count, () => after(stubMs))),
    },
    { quick },
  )
  const tbs = holderTbs(policy, planOf(0))
  const signature = await stub(tbs)
  const der = assembleCertificate(tbs, algorithm, signature)
  const parts = {
    'building it': microseconds(count, (n) => holderTbs(policy, planOf(n))),
    'its lints': microseconds(count, () => lint(tbs)),
    'putting it together': microseconds(count, () => assembleCertificate(tbs, algorithm, signature)),
    'verifying it': microseconds(count, () => verifySignedBy(der, ca.issuer.spki)),
  }
  const comparison: Comparison = {
    ...{ what: 'a certificate, 1 ms stub signer', unit: 'certificates/s', ours, baseline },
    against: `the stub alone, ${workers} at once`,
    required: { speed: 1000 },
  }
  const said = Object.entries(parts).map(([part, time]) => `${part} ${time} µs`)
  return { comparisons: [comparison], notes: [`one certificate, RSA-3072: ${said.join(', ')}`] }
}
