// CGU-124, CGU-125: « avant la première mise en service d'une composante du service d’émission de certificats ou suite à toute
// modification significative au sein d'une composante, l'AC fera également procéder à un contrôle de conformité de cette
// composante. »
// CGU-123: « L’AC s’engage à effectuer ce contrôle au minimum une fois tous les deux ans. »
import type { Completed, Component } from '../component.ts'
import { refuse, type Decision } from '../kernel.ts'
import { monthsAfter } from './dates.ts'

/** Whether it may open sessions and sign: only what was controlled is in service. */
export const inService = ({ status }: Component): boolean => status === 'inService'

/** Refuses what is done with a component that is not in service. */
export const notInService = (component: Component): Decision<never> | undefined =>
  inService(component) ? undefined : refuse('CGU-124', 'COMPONENT_NOT_IN_SERVICE', component.status)

/** A control « à confirmer » that was not confirmed by its day has failed. */
export const verdictOn = (
  { verdict, confirmBy }: Pick<Completed, 'verdict' | 'confirmBy'>,
  day: string,
): Completed['verdict'] =>
  verdict === 'toConfirm' && confirmBy !== undefined && confirmBy < day ? 'failed' : verdict

/** The day by which the next control of the policy has to be completed. @param last of the last one, or of the commissioning */
export const controlDueOn = (last: string, months: number): string => monthsAfter(last, months)
