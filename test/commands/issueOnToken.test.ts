// The proof of the whole: a card that is another token, written by the process that issues; pulled out in the middle; and a message of
// before, decrypted on the new card by OpenSSL.
import { randomBytes } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { issueCertificate } from '../../commands/issueCertificate.ts'
import { derOf } from '../../commands/issuing.ts'
import { undoIssuance } from '../../commands/undoIssuance.ts'
import { card } from '../../domain/card.ts'
import { certificate } from '../../domain/certificate.ts'
import { request } from '../../domain/request.ts'
import { openTurns } from '../../domain/turns.ts'
import { resumeSession } from '../../jobs/resume.ts'
import { CardUnreachable } from '../../pki/custody.ts'
import { removeDirectory, temporaryDirectory } from '../hsm/custody.ts'
import { openCardReader } from '../hsm/tokenCards.ts'
import { uuid } from '../ledger/filled.ts'
import { command } from '../support/services/command.ts'
import { on } from '../support/given.ts'
import * as f from './facts.ts'
import { eventsOf, issue, openCase, openInstallation } from './installation.ts'

const morning = '2026-03-02T09:00:00Z'
const yearsLater = '2030-06-03T09:00:00Z'
const pin = '246813'
const message = 'Bordereau confidentiel'
const directory = await temporaryDirectory()
const reader = await openCardReader(randomBytes(32))
const cards = await reader.open()
let now = morning
const software = await openInstallation(directory, () => now)
const installation = { ...software, issuance: { ...software.issuance, cards } }
const { ledger, service, issuance } = installation
afterAll(async () => {
  await cards.close()
  await software.close()
  await reader.remove()
  await removeDirectory(directory)
})

const typesOf = async (from: number): Promise<readonly string[]> =>
  (await eventsOf(ledger)).slice(from).map(({ event }) => event.type)
const size = async (): Promise<number> => (await eventsOf(ledger)).length
const statusOf = async (id: string) => (await ledger.load(card, id)).state.status

it('CGU-42, CGU-43: a message to a revoked certificate is decrypted with the recovered key on the new card, by OpenSSL', async () => {
  const old = await issue(installation, 1)
  const [crt, sent] = ['old.crt', 'message.cms']
  await writeFile(join(reader.directory, crt), derOf((await ledger.load(certificate, old.serial)).state)!)
  await writeFile(join(reader.directory, 'message'), message)
  const to = ['cms', '-encrypt', '-aes256', '-in', 'message', '-out', sent, '-outform', 'DER', '-recip', crt]
  const padding = ['-keyopt', 'rsa_padding_mode:oaep']
  expect(await command('openssl', [...to, ...padding], { cwd: reader.directory })).toEqual({
    status: 0,
    output: '',
  })
  await on(certificate, old.serial, f.acceptedByHolder, f.revoked)(service.handle, uuid(820))

  // The message is more than four years old when its reader has a card again.
  now = yearsLater
  const next = await openCase(installation, 2, [old.serial])
  const before = await size()
  // The reader is gone as the session is carried on, at the desk and by a start: nothing is spoiled, and the session stays.
  await reader.pullOut()
  await expect(issueCertificate(issuance, next.request)).rejects.toThrow(CardUnreachable)
  const intent = { stream: `request-${next.request}`, type: 'SessionOpened', at: now }
  await resumeSession(issuance, intent, 'all')
  expect(await statusOf(next.card)).toBe('allotted')
  expect(await typesOf(before)).toEqual([
    // The program's own, of another quarter.
    'JournalOpened',
    'PublicKeyBound',
    'KeyEscrowed',
    'CertificatePlanned',
    'CertificateIssued',
  ])
  await reader.putBack()

  // Two desks at once: one after the other, and the second finds it done.
  const inTurn = openTurns()
  const desk = () => inTurn(next.request, () => issueCertificate(issuance, next.request))
  expect(await Promise.all([desk(), desk()])).toEqual([next.serial, next.serial])
  expect(await typesOf(before + 5)).toEqual(['KeyRecoveryStarted', 'KeyRecovered', 'CardWritten'])
  expect(await cards.read(next.card)).toEqual([next.serial, old.serial])

  await cards.definePin({ card: next.card, pin })
  const label = `Chiffrement%20${morning.slice(0, 10)}%20${old.serial.slice(-8)}`
  const key = `pkcs11:object=${label};type=private;pin-value=${pin}`
  const opening = ['cms', '-decrypt', '-inform', 'DER', '-in', sent, '-recip', crt, '-binary']
  const by = ['-engine', 'pkcs11', '-keyform', 'engine', '-inkey', key]
  expect((await reader.run(next.card, 'openssl', ...opening, ...by)).output).toContain(message)
})

it('CGU-34, CGU-99: a session whose card does not come back is undone: revoked, and the card never allotted again', async () => {
  const lost = await openCase(installation, 3)
  await cards.begin(lost.card)
  await reader.pullOut()
  await expect(issueCertificate(issuance, lost.request)).rejects.toThrow(CardUnreachable)
  await undoIssuance(issuance, lost.request, { outcome: 'lapsed', scrap: 'spoiled' })
  await reader.putBack()
  expect((await ledger.load(certificate, lost.serial)).state.status).toBe('revoked')
  expect((await ledger.load(request, lost.request)).state.status).toBe('validated')
  expect(await statusOf(lost.card)).toBe('spoiled')
})

it('CGU-34, CGU-99: one that bears keys already and was pulled out before it was recorded is given up, and does not go back', async () => {
  const away = await openCase(installation, 5)
  const place = join(reader.path, away.card)
  let isOut = false
  const pulling: typeof cards = {
    ...cards,
    begin: async (id) => {
      if (isOut) throw new CardUnreachable('pulled out')
      return cards.begin(id)
    },
    testDecryption: async () => {
      await rename(place, join(reader.directory, 'pocket'))
      isOut = true
      throw new CardUnreachable('pulled out')
    },
  }
  await expect(issueCertificate({ ...issuance, cards: pulling }, away.request)).rejects.toThrow(
    CardUnreachable,
  )
  expect(await statusOf(away.card)).toBe('allotted')
  await undoIssuance(issuance, away.request, { outcome: 'holderLeft', scrap: 'spoiled' })
  expect(await statusOf(away.card)).toBe('spoiled')
  const failures = (await eventsOf(ledger)).filter(({ event }) => event.type === 'CardWriteFailed')
  expect(failures.at(-1)?.event.data).toMatchObject({ stage: 'undo', fault: 'CardAbsent' })
  await rename(join(reader.directory, 'pocket'), place)
  expect(await cards.read(away.card)).toEqual([away.serial])
})

it('CGU-34: a blank card in the place of one that may bear keys proves nothing of it', async () => {
  const exchanged = await openCase(installation, 6)
  await cards.begin(exchanged.card)
  await reader.pullOut()
  await expect(issueCertificate(issuance, exchanged.request)).rejects.toThrow(CardUnreachable)
  await reader.putBack()
  const blank = { ...cards, read: async () => [], erase: async () => false }
  const tools = { ...issuance, cards: blank }
  await undoIssuance(tools, exchanged.request, { outcome: 'holderLeft', scrap: 'spoiled' })
  expect(await statusOf(exchanged.card)).toBe('spoiled')
})

it('CGU-34: one that is there is as it was before, and has nothing of the session on it', async () => {
  const given = await openCase(installation, 4)
  await reader.pullOut()
  await expect(issueCertificate(issuance, given.request)).rejects.toThrow(CardUnreachable)
  await reader.putBack()
  await cards.begin(given.card)
  await undoIssuance(issuance, given.request, { outcome: 'holderLeft', scrap: 'spoiled' })
  expect(await statusOf(given.card)).toBe('released')
  expect(await cards.read(given.card)).toEqual([])
  await expect(cards.write({ card: given.card, keys: [] })).rejects.toThrow('was not begun')
})
