// The end of an authority whose keys are on tokens: its escrow opened by OpenSSL with the successor's key, its key destroyed and its
// certificate revoked by the commands as its officers give them. What no command does is done by the same deciders beside them.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addAccount } from '../../cli/accountsFile.ts'
import { rehearse as rehearseArl } from '../../cli/arl.ts'
import { rehearse as rehearseDestruction } from '../../cli/caKeyDestructionPlan.ts'
import { open, twoAccounts, type Officer, type Opened } from '../../cli/ceremonyParts.ts'
import { readDestructionScript, readScript } from '../../cli/ceremonyScript.ts'
import { readConfig } from '../../cli/config.ts'
import { holdReceipt } from '../../cli/custodyReceipt.ts'
import { holdTransfer } from '../../cli/custodyTransfer.ts'
import type { Output } from '../../cli/output.ts'
import { serviceKeyId } from '../../commands/ceremony.ts'
import { perform } from '../../commands/program.ts'
import { recordServiceKeyCopy } from '../../commands/serviceKeys.ts'
import { openPkcs11Keys } from '../../hsm/pkcs11.ts'
import { certificateOf } from '../../pki/recipient.ts'
import { inModule } from '../hsm/faults.ts'
import { environmentOf, openTokens, settingsOf, type Tokens } from '../hsm/tokens.ts'
import { uuid } from '../ledger/filled.ts'
import { openReaders, type Readers } from '../pki/readers.ts'
import { escrowOne, handObligationsOver, walkToEmptied } from '../support/endWalk.ts'
import { openPackage, receiptFor, successor } from '../support/successor.ts'
import { openSite, type Ended, type Site } from './grandLivre.ts'

const serial = `4${'1'.padStart(31, '0')}`
const people = [
  ['jean-ca', 'caOfficer'],
  ['anne-so', 'securityOfficer'],
] as const
const script = { title: 'Fin de vie', place: 'Salle forte', witnesses: ['Ève Notaire', 'Noé Garçon'] }

let site: Site
let tokens: Tokens
let readers: Readers

const tokenFiles = () => ({ officer: site.file('jean-ca.token'), second: site.file('anne-so.token') })
const hold = (name: string, out: string): Promise<Ended> => {
  const { officer, second } = tokenFiles()
  const asked = ['--script', site.file(`${name}.json`), '--officer', officer, '--second', second]
  return site.run([name, ...asked, '--out', site.file(out)], environmentOf(tokens))
}
/** A ceremony by its command, which succeeds. */
const held = async (name: string, out: string): Promise<string> => {
  const { status, stdout, stderr } = await hold(name, out)
  expect([status, stderr]).toEqual([0, ''])
  return stdout
}

/** The tokens' files, kept apart by a holder of his own, as docs/backup.md has it. */
const backup = {
  ...{ copy: uuid(75), reference: 'jetons, sauvegarde du 2 mars', holder: 'A. Martin', seal: 'S-0042' },
}
const listCopy = (more: object = {}): void =>
  writeFileSync(
    site.file('ca-key-destruction.json'),
    JSON.stringify({ ...script, copies: [{ ...backup, ...more }] }),
  )

const said: unknown[] = []
const output: Output = { json: true, say: () => undefined, result: (value) => said.push(value) }

/** The installation, as a ceremony opens it. */
const within = async (
  act: (opened: Opened, officers: readonly [Officer, Officer]) => Promise<void>,
): Promise<void> => {
  const env = { ...environmentOf(tokens), DATA_DIR: site.dataDir, POLICY_FILE: site.file('policy.json') }
  const config = readConfig(env)
  const opened = await open(config, await twoAccounts(config, tokenFiles()))
  try {
    await act(opened, opened.officers)
  } finally {
    await opened.close()
  }
}

/** A part that was cut off at the end of a line before the inventory was made: fewer keys are not recorded as all of them. */
const refuseChanged = async (opened: Opened, handing: Parameters<typeof holdTransfer>[1]): Promise<void> => {
  const inventory = join(handing.out, 'inventory.json')
  const stopped = { ...opened, service: { ...opened.service } }
  stopped.service.handle = async (...asked) => {
    if (asked[0].type === 'RecordEscrowTransfer') throw new Error('stopped here')
    return await opened.service.handle(...asked)
  }
  await expect(holdTransfer(stopped, handing)).rejects.toThrow('stopped here')
  rmSync(inventory)
  const part = join(handing.out, 'parts/part-000001.jsonl')
  const text = readFileSync(part, 'utf8')
  writeFileSync(part, text.slice(0, text.indexOf('\n') + 1))
  await expect(holdTransfer(opened, handing)).rejects.toThrow(/PACKAGE_CHANGED.*1 of the 2 keys/)
}

beforeAll(async () => {
  site = openSite()
  tokens = await openTokens()
  readers = openReaders()
  mkdirSync(site.dataDir, { mode: 0o700 })
  for (const [id, role] of people) {
    const { token } = addAccount(join(site.dataDir, 'accounts.json'), { id, roles: [role] }, new Date())
    writeFileSync(site.file(`${id}.token`), `${token}\n`, { mode: 0o600 })
  }
  for (const name of ['ceremony', 'arl']) writeFileSync(site.file(`${name}.json`), JSON.stringify(script))
  listCopy()
  successor(site.file(''), 'successor')
  await held('ceremony', 'ceremony')
  cpSync(tokens.files, site.file('backup'), { recursive: true })
})
afterAll(async () => {
  readers.close()
  await site.close()
  await tokens.remove()
})

describe('the end of an authority on tokens', () => {
  it('CGU-82, CGU-90: what is under a KEK of the token goes to the successor alone; the dry runs say what stands against a step', async () => {
    await within(async (opened, officers) => {
      const { program, service, custody } = opened
      const servicekey = serviceKeyId(service.policy, 'ca', 1)
      const minutesSha256 = 'd'.repeat(64)
      const copied = { servicekey, copy: backup.copy, direction: 'backup', minutesSha256 } as const
      const data = { ...copied, present: script.place, second: officers[1] }
      await perform(service, recordServiceKeyCopy, { key: backup.copy, data })
      const publicKey = await escrowOne(program, custody.vault.escrow, serial)
      await escrowOne(program, custody.vault.escrow, `${serial.slice(0, -1)}2`)
      await walkToEmptied({ program, officer: service })
      const read = readScript(site.file('arl.json'))
      const destroying = {
        ...{ officers, out: site.file('no'), dataDir: site.dataDir },
        script: readDestructionScript(site.file('ca-key-destruction.json')),
      }
      const root = { script: read }
      expect(await rehearseDestruction(opened, destroying, output)).toBe(false)
      expect(said.at(-1)).toMatchObject({ copies: [backup.copy], refused: { code: 'OBLIGATIONS_MISSING' } })
      expect(await rehearseArl(opened, root, output)).toBe(false)
      expect(said.at(-1)).toMatchObject({ refused: { code: 'CA_KEY_NOT_DESTROYED' }, list: { entries: 1 } })

      const certificate =
        certificateOf(readFileSync(site.file('successor.pem'), 'latin1')) ?? new Uint8Array()
      const [directory, privateKey] = [site.file('package'), site.file('successor.key')]
      const handing = { script: read, officers, certificate, out: directory, output }
      await refuseChanged(opened, { ...handing, out: site.file('cut'), size: 1 })
      // What a stop leaves that came before the first file had its name.
      mkdirSync(directory)
      writeFileSync(join(directory, 'transfer.json.7.new'), '{"tran')
      const done = await holdTransfer(opened, handing)
      expect(done).toMatchObject({ keys: 2, refused: 0 })
      const [part] = [join(directory, 'parts/part-000001.jsonl')]
      const bytes = readFileSync(part)
      for (const spoil of [() => rmSync(part), () => writeFileSync(part, bytes.subarray(0, -1))]) {
        spoil()
        await expect(holdTransfer(opened, handing)).rejects.toThrow(
          /PACKAGE_CHANGED.*part-000001.*as it was recorded/,
        )
      }
      writeFileSync(part, bytes)
      expect(await holdTransfer(opened, handing)).toMatchObject({ keys: 2, refused: 0 })
      const key = (await openPackage(readers, directory, privateKey)).find((one) => one.serial === serial)
      expect([key?.serial, key?.publicKey]).toEqual([serial, publicKey])
      expect(await key?.decrypts('un message')).toBe('un message')
      const receipt = await receiptFor(readers, directory, privateKey, service.now())
      await holdReceipt(opened, {
        script: read,
        second: officers[1],
        directory,
        text: JSON.stringify(receipt),
      })
      await handObligationsOver({ officer: service })
      expect(await rehearseDestruction(opened, destroying, output)).toBe(true)
      expect(readdirSync(site.file('')).includes('no')).toBe(false)
    })
  })

  it('CGU-90, EN 319 411-1 GEN-6.5.1-13A: the key is destroyed, and signs in no other process; OpenSSL verifies the report', async () => {
    // A copy of it is listed, and not told to be gone: ordered, and nothing is destroyed yet.
    const ordered = await hold('ca-key-destruction', 'destroyed')
    expect([ordered.status, ordered.stdout]).toEqual([1, expect.stringContaining(backup.copy)])
    rmSync(site.file('backup'), { recursive: true })
    const destroyed = { at: `${new Date().toISOString().slice(0, 19)}Z`, how: 'support broyé' }
    listCopy({ destroyed })
    // A module that does not say what the key is: it stays, and nothing is written of it.
    const { policy } = readConfig({ DATA_DIR: site.dataDir })
    const planted = { CKA_EXTRACTABLE: serviceKeyId(policy, 'ca', 1), CKA_MODIFIABLE: uuid(76) }
    cpSync(tokens.files, site.file('whole'), { recursive: true })
    const flaws = { ...planted, CKA_DECRYPT: uuid(77) }
    await inModule(settingsOf(tokens).ca, { act: 'plant', flaws })
    const unsaid = await hold('ca-key-destruction', 'destroyed')
    expect([unsaid.status, unsaid.stderr]).toEqual([3, expect.stringContaining('have the same CKA_ID')])
    expect(existsSync(site.file('destroyed'))).toBe(false)
    rmSync(tokens.files, { recursive: true })
    cpSync(site.file('whole'), tokens.files, { recursive: true })
    expect(await held('ca-key-destruction', 'destroyed')).toContain('CKR_OBJECT_HANDLE_INVALID')
    const json = site.file('destroyed/ca-key-destruction.json')
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
      ...{ failedUseCode: 'CKR_OBJECT_HANDLE_INVALID', sessionsClosed: 4 },
      copies: [{ ...backup, destroyed }],
      attributes: { CKA_SENSITIVE: true, CKA_NEVER_EXTRACTABLE: true },
      recorded: { type: 'ServiceKeyDestroyed' },
    })
    const verified = ['-verify', site.file('destroyed/log-key.pem'), '-signature', `${json}.sig`, json]
    expect(await readers.run('openssl', 'dgst', '-sha384', ...verified)).toContain('Verified OK')
    // A process of its own, which has never seen the key.
    const keys = await openPkcs11Keys({ ...settingsOf(tokens), manifest: site.file('manifest.json') })
    await expect(keys.signer(serviceKeyId(policy, 'ca', 1))).rejects.toThrow(/there is no key/)
    expect(
      await (await keys.signer(serviceKeyId(policy, 'root', 1))).sign(Buffer.from('la racine')),
    ).toBeTruthy()
    await keys.close()
  })

  it('CGU-91: the root revokes the certificate, and OpenSSL finds it revoked; the end is done', async () => {
    // Found out before anything is signed.
    const astray = await hold('arl', 'arl.json')
    expect([astray.status, astray.stderr]).toEqual([
      2,
      expect.stringMatching(/^--out: no file can be written/),
    ])
    expect(await held('arl', 'arl')).toContain('Held')
    // Given again, what was signed on paper is as it was.
    const names = readdirSync(site.file('arl'))
    const bytes = () => names.map((name) => readFileSync(site.file(`arl/${name}`), 'base64'))
    const signed = bytes()
    expect(await held('arl', 'arl')).toContain('left as it was signed')
    expect([readdirSync(site.file('arl')), bytes()]).toEqual([names, signed])
    const [list, root, ca] = ['arl.crl', 'root.pem', 'ca.pem'].map((name) => site.file(`arl/${name}`)) as [
      ...[string, string, string],
    ]
    const pem = readers.file('arl.pem', '')
    const read = ['crl', '-inform', 'DER', '-in', list, '-CAfile', root, '-out', pem]
    expect(await readers.run('openssl', ...read)).toContain('verify OK')
    const checked = ['verify', '-crl_check', '-CAfile', root, '-CRLfile', pem, ca]
    expect(await readers.refuses('openssl', ...checked)).toContain('certificate revoked')
    const { steps } = await site.json<{ steps: readonly { step: string; state: string }[] }>(['end-of-life'])
    expect(steps.slice(5).map(({ step, state }) => `${step} ${state}`)).toEqual([
      ...['lastAnswers done', 'escrow done', 'obligations done', 'keyDestruction done', 'caRevocation done'],
    ])
  })
})
