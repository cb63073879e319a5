// The roles of events.md, without their schema: the command line names them before it loads anything else.

/** Roles in the name of an entity, and of who is authorised by law: registered by the RA. */
export const mandates = [
  'mc',
  'legalRepresentative',
  'accreditedRepresentative',
  'authorisedPerson',
  'legalAuthority',
] as const

/** Posts of the service: appointed by its security officer or the officer of the CA. */
export const posts = [
  'raOfficer',
  'caOfficer',
  'recoveryOfficer',
  'unblockingOperator',
  'securityOfficer',
  'systemOperator',
  'auditor',
  'supervisor',
  'archivist',
  'supportAgent',
] as const

export const roles = ['holder', ...mandates, ...posts, 'program'] as const
