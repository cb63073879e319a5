// Notices by SMTP: a real server on the loopback that takes, puts off, refuses, hangs up and is gone.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDocuments } from '../../cli/documentFiles.ts'
import { openLetterFiles } from '../../cli/letterFiles.ts'
import { openOutbox } from '../../cli/outboxFiles.ts'
import { openSmtpOutbox } from '../../cli/smtpOutbox.ts'
import { mailFrom } from '../../cli/mailConfig.ts'
import { saveRegister } from '../../cli/registersFile.ts'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { agent, done, inUse, revocation, type Issued } from '../support/life.ts'
import { partsOf } from '../support/mail.ts'
import { openMailServer, type MailServer } from '../support/smtp.ts'

let server: MailServer
let product: Embedded
let life: Issued
let support: Client
let ca: Client
beforeAll(async () => {
  server = await openMailServer()
  // The server of the tests has a certificate that nobody has signed.
  const url = `smtp://sender:secret@127.0.0.1:${server.port}/?tls.rejectUnauthorized=false`
  product = await openEmbedded({ api: 100_000 }, { SMTP_URL: url, MAIL_FROM: 'igc@finances.example' })
  life = await inUse(product)
  support = client(product.app, product.account('support-1', ['supportAgent']).headers)
  ca = client(product.app, product.account('ca-1', ['caOfficer']).headers)
})
afterAll(async () => {
  await product.close()
  await server.close()
})

type Row = Readonly<{
  notice: string
  milestone: string
  delivery: string
  attempts: number
  fault: string | null
}>

/** A new version of the conditions of use, of which the holder is told. */
const adopt = async (version: string): Promise<void> => {
  const text = `CGU ${version}`
  const sha256 = createHash('sha256').update(text).digest('hex')
  const effectiveFrom = `2027-0${version.slice(0, 1)}-01T00:00:00Z`
  done(await ca.post('/documents/cgu/versions', { version, sha256, effectiveFrom, text }))
}

const rowOf = async (milestone: string): Promise<Row | undefined> => {
  await product.settle()
  const { notices } = (await support.get('/notices')).json<{ notices: Row[] }>()
  return notices.find((row) => row.milestone === milestone)
}

const idsOf = (): readonly string[] =>
  server.received.map(({ message }) => /^Message-ID: (\S+)\r$/m.exec(message)?.[1] ?? '')

it('CGU-77, CGU-79: by SMTP with STARTTLS, as text and page in both languages, with the date of the revocation', async () => {
  const other = await inUse(product)
  done(await other.holder.post(`/certificates/${other.serial}/revocation`, revocation))
  await product.notify()
  const [one, ...more] = server.received
  expect(more).toEqual([])
  expect(one).toMatchObject({ to: agent.email, secure: true, user: 'sender' })
  const { headers, text, html } = partsOf(one?.message ?? '')
  expect(headers).toContain('From: igc@finances.example')
  for (const words of [text, html]) {
    expect(words).toContain('La révocation a pris effet le 2 mars 2026 (2026-03-02T09:00:00Z)')
    expect(words).toContain('took effect on 2 March 2026 (2026-03-02T09:00:00Z)')
  }
  const row = await rowOf(other.serial)
  expect(row).toMatchObject({ delivery: 'sent', attempts: 0, fault: null })
  expect(idsOf()).toEqual([`<${row?.notice}-0@grand-livre.example>`])
})

it('RFC 5321 4.5.4.1: put off, it is seen to wait, and is asked again after a pause that grows, until it is taken', async () => {
  await adopt('2.0')
  server.says({ at: 'rcpt', code: 451, words: `4.2.1 ${agent.email} is slow` })
  await product.notify()
  expect(await rowOf('2.0')).toMatchObject({ delivery: 'deferred', attempts: 1, fault: '4.2.1' })
  const untold = (await support.get('/notices?untold=true')).json<{ notices: Row[] }>().notices
  expect(untold.map(({ milestone }) => milestone)).toEqual(['2.0'])
  await product.run('mailRetries')
  expect(await rowOf('2.0')).toMatchObject({ attempts: 1 })
  await product.pass(300)
  await product.run('mailRetries')
  expect(await rowOf('2.0')).toMatchObject({ delivery: 'deferred', attempts: 2, fault: '4.2.1' })
  server.says('yes')
  await product.pass(300)
  const before = server.received.length
  await product.run('mailRetries')
  expect(server.received.length).toBe(before)
  await product.pass(300)
  await product.run('mailRetries')
  expect(await rowOf('2.0')).toMatchObject({ delivery: 'sent', fault: null })
  expect(server.received.length).toBe(before + 1)
})

it('RFC 5321 4.5.4.1: put off while the clock was ahead, it is asked again once that has been put back', async () => {
  await adopt('2.1')
  const ahead = 86_400
  await product.pass(ahead)
  server.says({ at: 'rcpt', code: 451, words: '4.2.1 slow' })
  await product.notify()
  await product.pass(-ahead)
  server.says('yes')
  await product.run('mailRetries')
  expect(await rowOf('2.1')).toMatchObject({ delivery: 'sent', fault: null })
})

it('CGU-20, CGU-77: refused for good, it has bounced: people see it, and send it once more; till then it binds nobody', async () => {
  await adopt('3.0')
  server.says({ at: 'data', code: 550, words: `5.1.1 nobody here is ${agent.email}` })
  await product.notify()
  const row = await rowOf('3.0')
  expect(row).toMatchObject({ delivery: 'undelivered', fault: '5.1.1' })
  const toldOf = async () =>
    (await life.holder.get(`/requests/${life.request}/cgu`)).json<{ versions: { version: string }[] }>()
      .versions
  expect((await toldOf()).map(({ version }) => version)).not.toContain('3.0')
  const alarms = async () => (await product.app.inject('/readyz')).json<{ alarms: object }>().alarms
  expect(await alarms()).toMatchObject({ notices: '1 have reached nobody' })
  server.says('yes')
  await product.run('mailRetries')
  expect(await rowOf('3.0')).toMatchObject({ delivery: 'undelivered' })
  done(await support.post(`/notices/${row?.notice}/retry`, { recipientIndexes: [0] }))
  await product.settle()
  await product.run('mailRetries')
  expect(await rowOf('3.0')).toMatchObject({ delivery: 'sent', fault: null })
  expect((await toldOf()).map(({ version }) => version)).toContain('3.0')
})

it('RFC 3463 X.4.2: taken, and the answer lost: asked again under the same Message-ID', async () => {
  await adopt('4.0')
  server.says('cut')
  await product.notify()
  expect(await rowOf('4.0')).toMatchObject({ delivery: 'deferred', attempts: 1, fault: '4.4.2' })
  server.says('yes')
  await product.pass(300)
  await product.run('mailRetries')
  expect(await rowOf('4.0')).toMatchObject({ delivery: 'sent' })
  const [last, before] = idsOf().toReversed()
  expect(last).toBe(before)
})

it('CGU-77: with no server nothing is recorded and nothing is lost; the fault is the job’s, and says no word of the settings', async () => {
  await adopt('5.0')
  const { port } = server
  await server.close()
  const fault = await product.notify().catch((error: unknown) => error as Error)
  expect([fault?.name, fault?.message]).toEqual([
    'MailFault',
    'SMTP_URL: the mail server cannot be used (ESOCKET)',
  ])
  expect(await rowOf('5.0')).toMatchObject({ delivery: 'planned' })
  server = await openMailServer(port)
  await product.notify()
  expect(await rowOf('5.0')).toMatchObject({ delivery: 'sent' })
  expect(server.received).toHaveLength(1)
})

it('CGU-112: nothing of what the server said is in the ledger or in the log, nor is the address', async () => {
  const kept: string[] = []
  for await (const entry of product.ledger.entries())
    if (entry.stream.startsWith('notice-')) kept.push(JSON.stringify(entry.body))
  expect(kept.join()).toContain('4.2.1')
  for (const words of ['is slow', 'nobody here', agent.email])
    expect(`${kept.join()} ${product.logged()}`).not.toContain(words)
})

it('RFC 3207: a server whose certificate nobody has signed gets nothing, nor does one that is offered a wrong password', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-'))
  const open = (credentials: string, query: string) =>
    openSmtpOutbox(directory, {
      ...{ smtpUrl: `smtp://${credentials}127.0.0.1:${server.port}/${query}`, from: 'igc@finances.example' },
    })
  for (const outbox of [await open('', ''), await open('sender:wrong@', '?tls.rejectUnauthorized=false')]) {
    await expect(outbox.ready()).rejects.toThrow('SMTP_URL: the mail server cannot be used')
    await outbox.close()
  }
  const outbox = await open('', '?tls.rejectUnauthorized=false')
  const before = server.received.length
  const letter = { name: 'n-0', to: 'zoe@douane.example', bytes: Buffer.from('Subject: x\r\n\r\ny\r\n') }
  // Stopped before the outcome was recorded, it is not sent again; in another turn it is another sending.
  for (const turn of [0, 0, 2]) expect(await outbox.put({ ...letter, turn })).toBe('taken')
  expect(server.received.length).toBe(before + 2)
  await outbox.recorded('n')
  await outbox.close()
  await rm(directory, { recursive: true })
})

it('a second worker that starts takes nothing away that the first one is writing: what was sent is not sent again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-'))
  const smtpUrl = `smtp://sender:secret@127.0.0.1:${server.port}/?tls.rejectUnauthorized=false`
  const open = () => openSmtpOutbox(directory, { smtpUrl, from: 'igc@finances.example' })
  const [first, before] = [await open(), server.received.length]
  let [isSending, starts] = [true, 0]
  const starting = (async () => {
    for (; isSending; starts += 1) await (await open()).close()
  })()
  const bytes = Buffer.from('Subject: x\r\n\r\ny\r\n')
  for (let place = 0; place < 20; place += 1) {
    const letter = { name: `n-${place}`, to: 'zoe@douane.example', bytes, turn: 0 }
    expect(await first.put(letter)).toBe('taken')
    expect(await first.put(letter)).toBe('taken')
  }
  isSending = false
  await starting
  expect(starts).toBeGreaterThan(0)
  expect(server.received.length).toBe(before + 20)
  await first.close()
  await rm(directory, { recursive: true })
})

it('what a crash has left half written is cleared away by the next start, of each place that processes share', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-'))
  const smtp = { smtpUrl: 'smtp://127.0.0.1:1', from: 'igc@finances.example' }
  for (const open of [openOutbox, openLetterFiles, (at: string) => openSmtpOutbox(at, smtp)]) {
    for (const name of ['n-0.1.new', 'n-1.2.new', 'n-2.eml']) await writeFile(join(directory, name), '')
    const hourAgo = Date.now() / 1000 - 3600
    for (const name of ['n-0.1.new', 'n-2.eml']) await utimes(join(directory, name), hourAgo, hourAgo)
    await open(directory)
    expect((await readdir(directory)).toSorted()).toEqual(['n-1.2.new', 'n-2.eml'])
  }
  // What is no name of ours is nobody's to remove.
  const saved = { dataDir: directory, key: randomBytes(32) }
  for (const open of [
    () => openDocuments(directory, 'the conditions'),
    () => saveRegister(saved, 'directory', []),
  ]) {
    for (const name of ['n-0.1.new', 'n.new']) await writeFile(join(directory, name), '')
    const hourAgo = Date.now() / 1000 - 3600
    for (const name of ['n-0.1.new', 'n.new']) await utimes(join(directory, name), hourAgo, hourAgo)
    await open()
    expect(await readdir(directory)).not.toContain('n-0.1.new')
    expect(await readdir(directory)).toEqual(expect.arrayContaining(['n.new', 'n-1.2.new']))
  }
  await rm(directory, { recursive: true })
})

it('SMTP_URL and MAIL_FROM are checked before anything starts, and a password is never quoted', () => {
  const from = (url: string | undefined, sender?: string) => () =>
    mailFrom(
      () => sender,
      () => url,
    )
  expect(from(undefined)()).toBeUndefined()
  for (const url of ['http://sender:secret@mail', 'secret']) {
    expect(from(url)).toThrow('SMTP_URL: neither smtp://host:port nor smtps://host:port')
    expect(from(url)).not.toThrow('secret')
  }
  expect(from('smtp://mail', 'nobody')).toThrow('MAIL_FROM: nobody is not an address')
})
