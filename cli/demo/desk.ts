// A desk, as its people put it into service: nothing is issued at one that was not controlled (CGU-124).
import { createHash } from 'node:crypto'
import type { Caller } from './client.ts'

/**
 * Declares a desk, has it controlled on demand of the Comité, and puts it into service.
 * @param as signs somebody in, under a new account in this role
 * @returns the desk's id
 */
export const commissionDesk = async (
  as: (id: string, role: string) => Caller | Promise<Caller>,
): Promise<string> => {
  const officer = await as('jean-ca', 'caOfficer')
  const committee = await as('comite', 'supervisor')
  const auditor = await as('anne-au', 'auditor')
  const digest = createHash('sha256').update('configuration').digest('hex')
  const { id } = await officer.post('/components', { kind: 'desk', ra: 'dgddi', configurationSha256: digest })
  const day = new Date().toISOString().slice(0, 10)
  const ordered = await committee.post(`/components/${id}/controls`, { scope: 'commissioning', dueOn: day })
  await auditor.post(`/components/${id}/controls/completion`, {
    ...{ control: ordered.id, verdict: 'passed', completedOn: day, findingCount: 0, reportSha256: digest },
  })
  await officer.post(`/components/${id}/commissioning`)
  return id
}
