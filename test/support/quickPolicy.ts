// A policy for installations that somebody waits for.
import { readFileSync } from 'node:fs'

const shippedPolicy = (): Record<string, Record<string, unknown>> =>
  JSON.parse(
    readFileSync(
      new URL('../../domain/policy/ac-confidentialite-mef-qualifiee.json', import.meta.url),
      'utf8',
    ),
  ) as Record<string, Record<string, unknown>>

/** The shipped policy but for keys that are made quickly. */
export const quickPolicyText = (): string => {
  const shipped = shippedPolicy()
  return JSON.stringify({
    ...shipped,
    root: { ...shipped['root'], algorithm: 'ecP384' },
    issuing: { ...shipped['issuing'], algorithm: 'ecP384' },
    ocsp: { ...shipped['ocsp'], algorithm: 'ecP256' },
  })
}
