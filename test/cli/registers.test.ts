import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { readRegister } from '../../cli/registersCsv.ts'
import { openRegisters, saveRegister } from '../../cli/registersFile.ts'
import { giveMaster } from '../support/cheapMaster.ts'
import { openSite } from './grandLivre.ts'

const read = (text: string) => readRegister('referential', Buffer.from(text))
const heading = 'matricule;nom;prenoms;courriel;siren;actif'
const zoe = "0012345678;D'Été-Brûlé;Zoë Maëlle;zoe@douane.example;110020013;oui"
const record = {
  ...{ matricule: '0012345678', surname: "D'Été-Brûlé", givenNames: 'Zoë Maëlle' },
  ...{ email: 'zoe@douane.example', siren: '110020013', active: true },
}

describe('a referential in CSV', () => {
  it.each([
    ['with semicolons', `${heading}\n${zoe}\n`],
    ['with commas, CRLF and the mark of UTF-8', `\uFEFF${heading}\r\n${zoe}\r\n`.replaceAll(';', ',')],
    [
      'in another order, in English, one column more',
      `siren;surname;givenNames;office;matricule;email\n110020013;D'Été-Brûlé;Zoë Maëlle;M2;0012345678;zoe@douane.example\n`,
    ],
    [
      'with quotation marks and empty lines',
      `${heading}\n\n${zoe.replace('Zoë Maëlle', '"Zoë Maëlle"')}\n\n`,
    ],
  ])('CGU-27: is read %s, leading zeros with it', (_, text) => {
    expect(read(text)).toEqual({ entries: [record], faults: [] })
  })

  it('CGU-27: who has left is kept, and is no agent any more', () => {
    expect(read(`${heading}\n${zoe.replace('oui', 'non')}`).entries).toMatchObject([{ active: false }])
  })

  it.each([
    ['12345678;A;B;;;', [{ line: 2, field: 'matricule', message: 'is not ten digits' }]],
    [';A;B;;;', [{ line: 2, field: 'matricule', message: 'matricule is missing' }]],
    ['0012345678;;B;;;', [{ line: 2, field: 'surname', message: 'surname is missing' }]],
    ['0012345678;A;B;nobody;;', [{ line: 2, field: 'email', message: 'is not an e-mail address' }]],
    ['0012345678;A;B;;12;', [{ line: 2, field: 'siren', message: 'is not nine digits' }]],
    ['0012345678;A;B;;;peut-être', [{ line: 2, field: 'active', message: 'is neither oui nor non' }]],
    [`${zoe}\n\n${zoe}`, [{ line: 4, field: 'matricule', message: 'is that of line 2' }]],
    [
      '1;;B;;;',
      [
        { line: 2, field: 'matricule', message: 'is not ten digits' },
        { line: 2, field: 'surname', message: 'surname is missing' },
      ],
    ],
  ])('CGU-27: the lines %j are told, with their numbers and fields', (lines, faults) => {
    expect(read(`${heading}\n${lines}\n`).faults).toEqual(faults)
  })

  it.each([
    ['', 1, 'the file is empty'],
    [`${heading}\n`, 1, 'nothing follows the first line'],
    ['matricule;prenoms\n', 1, 'the first line names no column surname (or nom)'],
  ])('CGU-27: the file %j is none', (text, line, message) => {
    expect(read(text)).toEqual({ entries: [], faults: [{ line, message }] })
  })

  it('CGU-27: a line that is no UTF-8 is told by its number', () => {
    const latin = Buffer.from(`${heading}\n${zoe}\n0012345679;É;B;;;\n`, 'latin1')
    expect(readRegister('referential', latin).faults).toEqual([{ line: 2, message: 'is not UTF-8' }])
  })

  it('CGU-27: whatever the file, it is read to its end, and what is said of it names nobody', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (lines) => {
        const { faults } = read(`${heading}\n0012345678;Secret;"x;\n${lines.join('\n')}`)
        expect(JSON.stringify(faults)).not.toContain('Secret')
      }),
      { seed: 27 },
    )
  })
})

describe('a register at rest', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'grand-livre-registers-'))
  afterAll(() => rmSync(dataDir, { recursive: true }))
  const place = { dataDir, key: Buffer.alloc(32, 1) }
  const { referential, directory } = openRegisters(place)
  const ana = { surname: 'Légère', givenNames: 'Ana', email: 'Ana@X.example' }

  it('CGU-27, CGU-30: is read anew whenever it has changed, and names nobody on disk', async () => {
    expect(await referential.find('0012345678')).toBe('empty')
    await saveRegister(place, 'referential', [record])
    expect(await referential.find('0012345678')).toEqual(record)
    expect(await referential.find('12345678')).toBe('unknown')
    await saveRegister(place, 'referential', [])
    expect(await referential.find('0012345678')).toBe('empty')

    const who = { email: 'ana@x.EXAMPLE', surname: 'Autre', givenNames: 'Nom' }
    expect(await directory.knows(who)).toBe(false)
    await saveRegister(place, 'directory', [ana])
    expect(await directory.knows(who)).toBe(true)
    expect(await directory.knows({ email: '', surname: 'LEGERE', givenNames: 'ana' })).toBe(true)
    expect(await directory.knows({ email: 'b@x.example', surname: 'Légère', givenNames: 'Bo' })).toBe(false)
    const file = join(dataDir, 'directory.register')
    expect(readFileSync(file).includes('Ana')).toBe(false)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })
})

describe('grand-livre referential import', () => {
  it('CGU-27: takes all of the file or nothing, unless the good lines are asked for', async () => {
    const site = openSite()
    giveMaster(site.dataDir)
    try {
      const file = site.file('agents.csv')
      writeFileSync(file, `${heading}\n${zoe}\n12;A;B;;;\n`)
      const refused = await site.run(['referential', 'import', file])
      expect([refused.status, refused.stderr]).toEqual([1, ''])
      expect(refused.stdout).toMatch(
        /^LINE +FIELD +WHAT IS WRONG\n3 +matricule +is not ten digits\nNothing was/,
      )
      const taken = await site.run(['referential', 'import', file, '--skip-bad', '--json'])
      expect([taken.status, JSON.parse(taken.stdout)]).toEqual([
        1,
        { imported: 1, faults: [{ line: 3, field: 'matricule', message: 'is not ten digits' }] },
      ])
      writeFileSync(file, `${heading}\n${zoe}\n`)
      expect(await site.json(['directory', 'import', file])).toEqual({ imported: 1, faults: [] })
      const none = await site.run(['referential', 'import', site.file('none.csv')])
      expect([none.status, none.stdout]).toEqual([2, ''])
    } finally {
      await site.close()
    }
  })
})
