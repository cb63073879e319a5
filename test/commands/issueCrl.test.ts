// A list that is planned is finished by whoever comes after: with what its plan has, or not at all.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { issueCrl, type StatusView } from '../../commands/issueCrl.ts'
import type { RevokedEntry } from '../../pki/crl.ts'
import { eventsOf, openInstallation, type Installation } from './installation.ts'

let directory: string
let installation: Installation
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'grand-livre-crl-'))
  installation = await openInstallation(directory, () => '2026-03-02T12:00:00Z')
})
afterEach(async () => {
  await installation.close()
  rmSync(directory, { recursive: true, force: true })
})

const revoked: readonly RevokedEntry[] = [{ serial: '4f'.repeat(16), revokedAt: '2026-03-01T09:00:00Z' }]
const viewOf = (entries: readonly RevokedEntry[]): StatusView => ({
  size: async () => 20,
  lastNumber: async () => 0,
  entriesUpTo: async () => entries,
  tableSha256: async () => 'a'.repeat(64),
})

it('CGU-76: a table that has lost what the plan lists signs nothing; whole again, the list has it', async () => {
  const { service, ledger, chain } = installation
  const away = { ...chain.ca.signer, sign: () => Promise.reject(new Error('the signer is away')) }
  const publish = (entries: readonly RevokedEntry[], signer = chain.ca.signer): Promise<number> =>
    issueCrl(service, { ...chain.ca, signer }, viewOf(entries), 48)
  const listsOf = async () =>
    (await eventsOf(ledger)).map(({ event: { type } }) => type).filter((type) => type.startsWith('Crl'))

  await expect(publish(revoked, away)).rejects.toThrow('the signer is away')
  await expect(publish([])).rejects.toThrow('CRL 1: 0 entries, and 1 were planned')
  expect(await listsOf()).toEqual(['CrlPlanned'])
  expect(await publish(revoked)).toBe(1)
  expect(await listsOf()).toEqual(['CrlPlanned', 'CrlIssued'])
})
