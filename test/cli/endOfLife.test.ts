// The end of an authority as its ceremonies hold it (docs/adr/0031): the escrow goes to a successor who opens it with OpenSSL alone, his
// receipt is recorded, the key and its copies are destroyed. On software keys; the processes and the tokens are in ceremony.test.ts.
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { holdDestruction } from '../../cli/caKeyDestruction.ts'
import { holdReceipt } from '../../cli/custodyReceipt.ts'
import { holdTransfer } from '../../cli/custodyTransfer.ts'
import { rehearse } from '../../cli/custodyTransferPlan.ts'
import { readDestructionScript, readScript } from '../../cli/ceremonyScript.ts'
import { begin, progressOf, writePart } from '../../cli/escrowPackage.ts'
import type { Output } from '../../cli/output.ts'
import { createActors } from '../../commands/actors.ts'
import { perform, type Service } from '../../commands/program.ts'
import { recordServiceKeyCopy } from '../../commands/serviceKeys.ts'
import { labelOf } from '../../commands/transferEscrow.ts'
import { authority } from '../../domain/authority.ts'
import { certificateOf } from '../../pki/recipient.ts'
import {
  eventsOf,
  openCopies,
  openInstallation,
  runUntilCut,
  type Installation,
} from '../commands/installation.ts'
import { removeDirectory, temporaryDirectory } from '../hsm/custody.ts'
import { uuid } from '../ledger/filled.ts'
import { openReaders, type Readers } from '../pki/readers.ts'
import { escrowOne, handObligationsOver, walkToEmptied } from '../support/endWalk.ts'
import { openPackage, receiptFor, successor } from '../support/successor.ts'

const at = '2026-06-10T09:00:00Z'
const serials = [1, 2, 3, 4, 5].map((n) => `4${String(n).padStart(31, '0')}`)
const officers = [
  { id: 'jean-ca', person: uuid(70), role: 'caOfficer', roles: ['caOfficer'], entities: [] },
  { id: 'anne-so', person: uuid(71), role: 'securityOfficer', roles: ['securityOfficer'], entities: [] },
] as unknown as Parameters<typeof holdTransfer>[1]['officers']
const [, second] = officers
const copyId = uuid(73)

let scratch: string
let readers: Readers
/** Installations of their own: as they were before the end was declared, and after the last answers. */
let living: () => Promise<string>
let ended: () => Promise<string>
const publicKeys = new Map<string, string>()

/** The service of the officer of the authority. */
const officerOf = ({ service, vault }: Installation): Service => {
  const { handle, now } = service
  const actors = createActors({ handle, journals: vault.journals, now, newId: randomUUID })
  const { id, person } = officers[0]
  const who = { id, person, kind: 'account', auth: 'token', entities: [] } as const
  return { ...service, actor: () => actors(who, 'caOfficer') }
}
const ceremonyOf = (installation: Installation) => ({
  service: officerOf(installation),
  custody: { keys: installation.keys, vault: installation.vault },
})
const within = async <T>(directory: string, act: (installation: Installation) => Promise<T>): Promise<T> => {
  const installation = await openInstallation(directory, () => at)
  try {
    return await act(installation)
  } finally {
    await installation.close()
  }
}

const said: unknown[] = []
const output: Output = { json: true, say: () => undefined, result: (value) => said.push(value) }
const file = (name: string): string => join(scratch, name)
/** Every file of a directory but for what is below it. */
const bytesIn = (name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(file(name), { withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => [one.name, readFileSync(join(file(name), one.name), 'base64')]),
  )
const scriptFile = (name: string, more: object = {}): string => {
  const script = {
    title: 'Fin de vie',
    place: 'Salle <forte>',
    witnesses: ['Ève Notaire', 'Noé Garçon'],
    ...more,
  }
  writeFileSync(file(name), JSON.stringify(script))
  return file(name)
}
const handing = (out: string, pem: string, script = scriptFile('script.json')) => ({
  ...{ script: readScript(script), officers, out: file(out), output, size: 2 },
  certificate: certificateOf(readFileSync(pem, 'latin1')) ?? new Uint8Array(),
})

/** Everything but journals: what a refusal must not change. */
const sizeOf = async ({ ledger }: Installation): Promise<number> => {
  let size = 0
  for await (const { stream } of ledger.entries()) if (!stream.startsWith('journal-')) size += 1
  return size
}
const typesOn = async ({ ledger }: Installation, stream: string): Promise<readonly string[]> => {
  const types: string[] = []
  for await (const { type } of ledger.stream(stream)) types.push(type)
  return types
}
/** Refused with this, and as it was. */
const refusedWith = async (
  installation: Installation,
  act: Promise<unknown>,
  said: string,
): Promise<void> => {
  const before = await sizeOf(installation)
  await expect(act).rejects.toThrow(said)
  expect(await sizeOf(installation)).toBe(before)
}

beforeAll(async () => {
  scratch = await temporaryDirectory()
  readers = openReaders()
  await within(file('living'), async ({ service, vault: { escrow } }) => {
    for (const serial of serials) publicKeys.set(serial, await escrowOne(service, escrow, serial))
    await escrow.fillStock(1)
  })
  living = openCopies(scratch, file('living'))
  const directory = await living()
  await within(directory, async (installation) => {
    await walkToEmptied({ program: installation.service, officer: officerOf(installation) })
  })
  mkdirSync(file('ends'))
  ended = openCopies(file('ends'), directory)
  successor(scratch, 'good')
})
afterAll(async () => {
  readers.close()
  await removeDirectory(scratch)
})

describe('the escrow goes to its successor', () => {
  it('CGU-80, CGU-85, CGU-82: not before the end is declared, nor before all is revoked', async () => {
    await within(await living(), async (installation) => {
      const order = handing('early', file('good.pem'))
      await refusedWith(installation, holdTransfer(ceremonyOf(installation), order), 'END_NOT_DECLARED')
      expect(existsSync(file('early'))).toBe(false)
    })
  })

  it('CGU-82: to no certificate that cannot serve, by no one alone, without two witnesses, into no directory that holds anything', async () => {
    const pem = (name: string, key: readonly string[], usage = 'keyEncipherment') =>
      successor(scratch, name, key, usage)
    await within(await ended(), async (installation) => {
      const ceremony = ceremonyOf(installation)
      const good = file('good.pem')
      const alone = handing('no', good)
      mkdirSync(file('full'))
      writeFileSync(file('full/letter'), 'x')
      const cases = [
        [handing('no', pem('weak', ['rsa:2048'])), 'SUCCESSOR_CERTIFICATE_UNUSABLE (CGU-82): weakKey'],
        [
          handing('no', pem('signs', ['rsa:2048'], 'digitalSignature')),
          'SUCCESSOR_CERTIFICATE_UNUSABLE (CGU-82): keyUsage',
        ],
        [
          handing('no', pem('curve', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], 'keyAgreement')),
          'SUCCESSOR_CERTIFICATE_UNUSABLE (CGU-82): algorithm',
        ],
        [
          handing('no', good, scriptFile('one.json', { witnesses: ['Ève', 'ève '] })),
          'WITNESSES_MISSING (CGU-90)',
        ],
        [{ ...alone, officers: [officers[0], officers[0]] as const }, 'SECOND_PERSON_REQUIRED (CGU-06)'],
        [handing('full', good), 'PACKAGE_NOT_EMPTY (CGU-82)'],
      ] as const
      for (const [order, code] of cases) await refusedWith(installation, holdTransfer(ceremony, order), code)
      const later = { ...ceremony.service, now: () => '2999-01-01T00:00:00Z' }
      await refusedWith(
        installation,
        holdTransfer({ ...ceremony, service: later }, alone),
        'UNUSABLE (CGU-82): expired',
      )
      expect([existsSync(file('no')), readdirSync(file('full'))]).toEqual([false, ['letter']])
      const before = await sizeOf(installation)
      expect(await rehearse(ceremony, handing('no', good))).toBe(true)
      expect(said.at(-1)).toMatchObject({ dryRun: true, keys: 5, refused: null })
      expect([await sizeOf(installation), existsSync(file('no'))]).toEqual([before, false])
    })
  })

  it('CGU-82: OpenSSL opens the package with the successor’s key alone; what was lost is told; nothing is taken away', async () => {
    await within(await ended(), async (installation) => {
      const { escrow } = installation.vault
      const [lostSerial, ...whole] = serials as [string, ...string[]]
      await escrow.destroyKey(publicKeys.get(lostSerial) ?? '')
      const done = await holdTransfer(ceremonyOf(installation), handing('package', file('good.pem')))
      expect(done).toMatchObject({ keys: 4, refused: 1 })
      const named = `key-${publicKeys.get(lostSerial)}`
      const toldOf = (await eventsOf(installation.ledger)).filter(
        ({ event }) =>
          event.type === 'CommandRefused' && (event.data as { stream?: string }).stream === named,
      )
      expect(toldOf.map(({ event }) => event.data)).toMatchObject([{ code: 'keyNotHeld', clause: 'CGU-82' }])
      const opened = await openPackage(readers, file('package'), file('good.key'))
      expect(opened.map(({ serial }) => serial).sort()).toEqual(whole)
      for (const { serial, publicKey, decrypts } of opened) {
        expect(publicKey).toBe(publicKeys.get(serial))
        // A message that was enciphered to the key of an old certificate.
        expect(await decrypts('un message d’avant')).toBe('un message d’avant')
      }
      for (const name of ['inventory.json', 'escrow-transfer.json', 'escrow-transfer.html'])
        expect(
          await readers.run(
            ...(['openssl', 'dgst', '-sha384', '-verify', file('package/log-key.pem')] as const),
            ...['-signature', file(`package/${name}.sig`), file(`package/${name}`)],
          ),
        ).toContain('Verified OK')
      const report = JSON.parse(readFileSync(file('package/escrow-transfer.json'), 'utf8')) as object
      expect(report).toMatchObject({
        ...{ handed: 4, parts: 3, refused: [{ serial: lostSerial, refused: 'keyNotHeld' }] },
        ...{ recorded: { type: 'EscrowTransferred' }, witnesses: ['Ève Notaire', 'Noé Garçon'] },
      })
      // The escrow goes on: every key is still given back, under its own KEK.
      for (const serial of whole) expect(await escrow.release(serial, publicKeys.get(serial))).toBeTruthy()
      // Names are in the report, and sealed in the ledger.
      for await (const entry of installation.ledger.entries())
        expect(JSON.stringify(entry.body)).not.toMatch(/Notaire|Salle/)
      // Held again, it is the same package, and the report is the one that was signed on paper; a signature that a stop has cut off is made.
      const [signed, size] = [bytesIn('package'), await sizeOf(installation)]
      const later = {
        ...ceremonyOf(installation),
        service: { ...officerOf(installation), now: () => '2026-06-11T09:00:00Z' },
      }
      const again = await holdTransfer(later, handing('package', file('good.pem')))
      expect([again.transfer, again.keys, again.stood]).toEqual([done.transfer, 4, true])
      expect([bytesIn('package'), await sizeOf(installation)]).toEqual([signed, size])
      rmSync(file('package/escrow-transfer.html.sig'))
      writeFileSync(file('package/parts/part-000001.jsonl.7.new'), 'half')
      expect(await holdTransfer(later, handing('package', file('good.pem')))).toMatchObject({ stood: false })
      expect(bytesIn('package')['escrow-transfer.json']).toBe(signed['escrow-transfer.json'])
      expect(readdirSync(file('package')).sort()).toEqual([...Object.keys(signed), 'parts'].sort())
      expect(readdirSync(file('package/parts')).filter((name) => name.endsWith('.new'))).toEqual([])
      const inventory = readFileSync(file('package/inventory.json'), 'utf8')
      writeFileSync(file('package/inventory.json'), inventory.replace('"keys": 4', '"keys": 5'))
      const changed = holdTransfer(ceremonyOf(installation), handing('package', file('good.pem')))
      await refusedWith(installation, changed, 'PACKAGE_CHANGED')
      const other = handing('package', successor(scratch, 'other', ['rsa:2048']))
      await refusedWith(installation, holdTransfer(ceremonyOf(installation), other), 'PACKAGE_CHANGED')
    })
  })

  it('CGU-82, ADR 31: of the parts that are made anew none is taken away before those behind it: stopped in between, the package goes on', async () => {
    const [out, transfer] = [file('lost'), randomUUID()]
    await begin(out, { transfer, certificateSha256: 'a'.repeat(64) })
    const keys = [{ spkiSha256: 'b'.repeat(64), serial: serials[0]!, refused: 'keyNotHeld' as const }]
    const sealed = { transport: new Uint8Array(384), proofSha256: 'c'.repeat(64) }
    for (const number of [1, 2, 3])
      await writePart(out, transfer, {
        ...{ ...sealed, keys, number, label: labelOf(transfer, number), missing: number > 1 },
      })
    const last = file('lost/parts/part-000003.jsonl')
    const whole = readFileSync(last)
    writeFileSync(last, 'cut')
    await expect(progressOf(out)).rejects.toThrow('PACKAGE_CHANGED')
    writeFileSync(last, whole)
    expect(await progressOf(out)).toEqual({ parts: 1, after: 'b'.repeat(64), keys: 1 })
    expect(readdirSync(file('lost/parts'))).toEqual(['part-000001.jsonl'])
  })

  it('CGU-82, ADR 5: stopped at any step, it goes on where it stopped, and no key goes twice or not at all', async () => {
    for (let cutAt = 1; ; cutAt += 1) {
      const directory = await ended()
      const out = `cut-${cutAt}`
      const act = async (installation: Installation) => {
        await holdTransfer(ceremonyOf(installation), handing(out, file('good.pem')))
      }
      const { isCut, names } = await runUntilCut(directory, act, { cutAt, at })
      await within(directory, async (installation) => {
        await act(installation)
        const parts = readdirSync(file(`${out}/parts`))
        const rows = parts.flatMap((name) =>
          readFileSync(file(`${out}/parts/${name}`), 'utf8')
            .trim()
            .split('\n')
            .slice(1),
        )
        expect(rows.map((row) => (JSON.parse(row) as { serial: string }).serial).sort()).toEqual(serials)
        const types = await typesOn(installation, `authority-${await issuerOf(installation)}`)
        expect(types.filter((type) => type.startsWith('Escrow'))).toEqual([
          'EscrowTransferPlanned',
          'EscrowTransferred',
        ])
      })
      rmSync(file(out), { recursive: true })
      await removeDirectory(directory)
      if (!isCut()) {
        expect(names.length).toBeGreaterThan(4)
        return
      }
    }
  })
})

const issuerOf = async (installation: Installation): Promise<string> => installation.chain.ca.id

/** The whole of the ceremonies after the last answers, each refused until the one ahead of it is done. */
describe('the end, in its order', () => {
  it('CGU-82, CGU-90: receipt, obligations, destruction: none before the one ahead of it; the key and its copies are gone', async () => {
    await within(await ended(), async (installation) => {
      const { service: program, keys, chain } = installation
      const ceremony = ceremonyOf(installation)
      const officer = ceremony.service
      const { state } = await officer.ledger.load(authority, chain.ca.id)
      const servicekey = 'servicekey' in state ? state.servicekey : ''
      await perform(officer, recordServiceKeyCopy, {
        key: copyId,
        data: {
          servicekey,
          copy: copyId,
          direction: 'backup',
          minutesSha256: 'd'.repeat(64),
          present: 'x',
          second,
        },
      })
      const backup = { copy: copyId, reference: 'jeton de secours n° 2', holder: 'A. Martin', seal: 'S-0042' }
      const script = (name: string, copies: readonly object[], more = {}) =>
        readDestructionScript(scriptFile(name, { copies, ...more }))
      const destroying = (given: ReturnType<typeof script>, by = officers) => ({
        script: given,
        officers: by,
        ...{ out: file('destroyed'), dataDir: file('kept') },
      })
      const listed = script('listed.json', [backup])

      await refusedWith(installation, holdDestruction(ceremony, destroying(listed)), 'OBLIGATIONS_MISSING')
      await refusedWith(installation, handObligationsOver({ officer }), 'ESCROW_NOT_TRANSFERRED')
      const { transfer } = await holdTransfer(ceremony, handing('whole', file('good.pem')))
      await refusedWith(installation, handObligationsOver({ officer }), 'ESCROW_NOT_TRANSFERRED')
      const receipt = await receiptFor(readers, file('whole'), file('good.key'), at)
      const given = { script: readScript(scriptFile('script.json')), second, directory: file('whole') }
      const proofs = [...receipt.proofs].reverse()
      for (const wrong of [
        { ...receipt, proofs },
        { ...receipt, keys: 4 },
        { ...receipt, transfer: uuid(9) },
      ])
        await refusedWith(
          installation,
          holdReceipt(ceremony, { ...given, text: JSON.stringify(wrong) }),
          'RECEIPT_DIFFERS',
        )
      expect(await holdReceipt(ceremony, { ...given, text: JSON.stringify(receipt) })).toEqual({
        transfer,
        keys: 5,
      })
      await handObligationsOver({ officer })

      const himself = [officers[0], officers[0]] as const
      const gone = { ...backup, destroyed: { at: '2026-06-10T08:59:00Z', how: 'broyage' } }
      for (const [given, code] of [
        [destroying(script('none.json', [])), 'COPIES_DIFFER (CGU-90): copies: 1 missing'],
        [destroying(script('other.json', [gone, { ...gone, copy: uuid(74) }])), 'COPIES_DIFFER'],
        [destroying(script('twice.json', [gone, gone])), 'COPIES_DIFFER'],
        [destroying(script('alone.json', [gone], { witnesses: ['Ève'] })), 'WITNESSES_MISSING'],
        [destroying(listed, himself), 'SECOND_PERSON_REQUIRED'],
      ] as const)
        await refusedWith(installation, holdDestruction(ceremony, given), code)
      expect(existsSync(file('destroyed'))).toBe(false)
      const { signer } = chain.ca
      await signer.sign(Buffer.from('encore'))
      // A copy that is not told to be gone: ordered, and the key is as it was.
      expect(await holdDestruction(ceremony, destroying(listed))).toEqual({
        destroyed: false,
        servicekey,
        waiting: [copyId],
      })
      await signer.sign(Buffer.from('encore'))
      // Stopped when the key is gone, and held again with another --out: what the module said of it is still known.
      const described = { CKA_SENSITIVE: true }
      const telling = {
        ...keys,
        describe: async (id: string) => ({ ...(await keys.describe(id)), attributes: described }),
      }
      const ofModule = { ...ceremony, custody: { ...ceremony.custody, keys: telling } }
      const stopped = { ...ofModule, service: { ...officer } }
      stopped.service.handle = async (...asked) => {
        if (asked[0].type === 'RecordServiceKeyDestruction') throw new Error('stopped here')
        return await officer.handle(...asked)
      }
      const order = destroying(script('gone.json', [gone]))
      const cut = holdDestruction(stopped, { ...order, out: file('cut-off') })
      await expect(cut).rejects.toThrow('stopped here')
      expect(JSON.parse(readFileSync(file('cut-off/minutes.json'), 'utf8'))).toMatchObject({
        sessionsClosed: 1,
      })
      await expect(keys.signer(servicekey)).rejects.toThrow(/no key/)
      const done = await holdDestruction(ofModule, order)
      expect(done).toMatchObject({ destroyed: true, failedUseCode: 'KEY_NOT_FOUND', stood: false })
      await expect(signer.sign(Buffer.from('plus jamais'))).rejects.toThrow(/was destroyed/)
      await expect(keys.signer(servicekey)).rejects.toThrow(/no key/)
      const types = await typesOn(installation, `servicekey-${servicekey}`)
      expect(types.slice(-2)).toEqual(['ServiceKeyDestructionPlanned', 'ServiceKeyDestroyed'])

      const report = JSON.parse(readFileSync(file('destroyed/ca-key-destruction.json'), 'utf8')) as Record<
        string,
        unknown
      >
      expect(report).toMatchObject({
        ...{ servicekey, failedUseCode: 'KEY_NOT_FOUND', attributes: described },
        copies: [{ ...gone, beforeOrder: true }],
        recorded: { type: 'ServiceKeyDestroyed', stream: `servicekey-${servicekey}` },
      })
      const html = readFileSync(file('destroyed/ca-key-destruction.html'), 'utf8')
      for (const word of ['jeton de secours n° 2', 'A. Martin', 'S-0042', 'broyage', 'Noé Garçon'])
        expect(html).toContain(word)
      for (const name of ['minutes.json', 'ca-key-destruction.json', 'ca-key-destruction.html'])
        expect(
          await readers.run(
            ...(['openssl', 'dgst', '-sha384', '-verify', file('destroyed/log-key.pem')] as const),
            ...['-signature', file(`destroyed/${name}.sig`), file(`destroyed/${name}`)],
          ),
        ).toContain('Verified OK')
      // Held again, it signs the same; without its minutes it does not tell another story.
      const [size, signed] = [await sizeOf(installation), bytesIn('destroyed')]
      expect(await holdDestruction(ceremony, order)).toMatchObject({ destroyed: true, stood: true })
      expect([await sizeOf(installation), bytesIn('destroyed')]).toEqual([size, signed])
      rmSync(file('destroyed/minutes.json'))
      await expect(holdDestruction(ceremony, destroying(script('gone.json', [gone])))).rejects.toThrow(
        'OUT_OF_ORDER',
      )
      expect(program.now()).toBe(at)
    })
  })
})
