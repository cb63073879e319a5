// CGU-04: « Son but est d'établir que le demandeur a bien l'identité et les qualités qui seront indiquées dans le
// certificat. » Nobody can establish that about himself: persons are compared, not accounts.
import { refuse, type Actor, type Decision } from '../kernel.ts'

/** Refuses the act when the actor is the person concerned. */
export const notForOneself = (by: Actor, concerned: string): Decision<never> | undefined =>
  by.person === concerned ? refuse('CGU-04', 'SELF_APPROVAL', by.role) : undefined
