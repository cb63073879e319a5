// CGU-121: « Les certificats émis par l’AC « AC CONFIDENTIALITE MEF QUALIFIEE » bénéficient d’une qualification au sens du RGS. »
// A qualification has an end: past it no certificate is issued under conditions of use that claim it.
import { inForce, type Document } from '../document.ts'
import { refuse, type Decision, type Instant } from '../kernel.ts'
import { dayOf } from './dates.ts'

/** The refusal once a qualification has been adopted and its last day, in France, is past. */
export const qualificationLapsed = (qualification: Document, at: Instant): Decision<never> | undefined => {
  const until = inForce(qualification, at)?.validUntil
  return until !== undefined && until < dayOf(at)
    ? refuse('CGU-121', 'QUALIFICATION_LAPSED', until)
    : undefined
}
