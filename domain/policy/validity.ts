// CGU-18: « toute la durée de vie du certificat d’une période de trois ans pour les certificats de chiffrement ».
// CGU-41: « le séquestre de sa clé de déchiffrement pour une durée de 10(dix) ans ».
import type { Instant } from '../kernel.ts'
import { addSeconds, addYears } from './dates.ts'

/** Last second of the three years: it belongs to the period (RFC 5280 4.1.2.5). */
export const notAfterOf = (notBefore: Instant, years: number): Instant =>
  addSeconds(addYears(notBefore, years), -1)

/** The first instant at which the escrow has ended. */
export const escrowUntil = (from: Instant, years: number): Instant => addYears(from, years)

/** CGU-48: a key may be recovered while its escrow runs, whoever asks. */
export const escrowRuns = (until: Instant, at: Instant): boolean => at < until
