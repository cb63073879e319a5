// CGU-08, CGU-23: what a certification agent does with a request, he does under a mandate in force for its entity.
import type { Appointment } from '../domain/appointment.ts'
import { refuse, type Command, type Decision } from '../domain/kernel.ts'
import { mandateInForce } from '../domain/policy/mandate.ts'
import type { RequestFile } from '../domain/request.ts'

/** The refusal of an agent whose mandate does not reach this request, if he is one. */
export const mandateRefusal = (
  { by, at }: Pick<Command, 'by' | 'at'>,
  { identity }: RequestFile,
  mandate: Appointment | undefined,
): Decision<never> | undefined => {
  if (by.role !== 'mc') return undefined
  const use = { by, entity: identity?.entity ?? '', power: 'request', at } as const
  if (mandate !== undefined && mandateInForce(mandate, use)) return undefined
  return refuse('CGU-23', 'MANDATE_NOT_IN_FORCE', 'mandate')
}
