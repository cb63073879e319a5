// `grand-livre custody pin`: the PIN of the recovery token, split among officers and put together again (docs/adr/0022). Each share
// is written enciphered to one officer's certificate, who opens it with his card: `openssl cms -decrypt`.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { clearUnfinished, createDurable } from '../hsm/durable.ts'
import {
  combineShares,
  drawPin,
  isDrawnPin,
  readShare,
  ShareFault,
  splitPin,
  writeShare,
} from '../hsm/shares.ts'
import { envelop } from '../pki/cms.ts'
import { spkiOf } from '../pki/fields.ts'
import { certificateOf, recipientFault } from '../pki/recipient.ts'
import { ConfigFault } from './configFault.ts'
import { requireNew } from './newFile.ts'
import { requireDirectoryOf, requireOut } from './outDirectory.ts'
import type { Output } from './output.ts'
import { openPinRefusals } from './pinRefusal.ts'

type Recipient = Readonly<{ file: string; certificate: Uint8Array }>

/** PEM, or the DER of it in base64 or as it is. */
const recipientFrom = async (file: string, at: string): Promise<Recipient> => {
  const bytes = await readFile(file).catch(() => {
    throw new ConfigFault(`--to: ${file} cannot be read`)
  })
  const certificate = certificateOf(bytes.toString('latin1')) ?? certificateOf(bytes.toString('base64'))
  const fault = certificate === undefined ? 'unreadable' : recipientFault(certificate, at)
  if (certificate === undefined || fault !== undefined)
    throw new ConfigFault(`${file}: no share can be enciphered to this certificate: ${fault ?? ''}`)
  return { file, certificate }
}

/** One key, one share: two shares that one card opens are one officer's. */
const refuseTwins = (recipients: readonly Recipient[]): void => {
  const keys = new Map<string, string>()
  for (const { file, certificate } of recipients) {
    const key = Buffer.from(spkiOf(certificate)).toString('base64')
    const twin = keys.get(key)
    if (twin !== undefined)
      throw new ConfigFault(`${file} and ${twin} have one key: a share is for one officer`)
    keys.set(key, file)
  }
}

const pinFrom = async (file: string): Promise<string> => {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new ConfigFault(`--pin-file: ${file} cannot be read`)
  })
  const pin = text.replace(/\r?\n$/, '')
  if (!isDrawnPin(pin)) throw new ConfigFault(`${file}: not a PIN that this command has drawn`)
  return pin
}

/**
 * Half a set is of no use to anybody: what would not be written is told before anything is. What a killed run has left of these files, the PIN
 * or a share half written, is cleared away.
 */
const refusePresent = async (files: readonly string[]): Promise<void> => {
  for (const file of files) await clearUnfinished(file)
  const there = files.find((file) => existsSync(file))
  if (there !== undefined) throw new ConfigFault(`${there} is there already`)
}

type NewFile = Readonly<{ file: string; bytes: Uint8Array }>

/** All of them, or, where one cannot be written, none. @throws why it cannot */
const writeAll = async (files: readonly NewFile[]): Promise<void> => {
  const written: string[] = []
  try {
    for (const { file, bytes } of files) {
      await createDurable(file, bytes)
      written.push(file)
    }
  } catch (error) {
    for (const file of written) await rm(file, { force: true })
    throw error
  }
}

export type SplitAsked = Readonly<{
  threshold: string
  to: readonly string[]
  out: string
  pinFile?: string
  pinOut?: string
}>

const countFrom = (threshold: string, shares: number): number => {
  const count = /^\d{1,3}$/.test(threshold) ? Number(threshold) : 0
  if (count < 2 || shares < count)
    throw new ConfigFault(
      `--threshold ${threshold} of ${shares}: at least 2, and no more than there are --to`,
    )
  return count
}

/**
 * Draws a PIN, or takes one that was drawn, and writes a share of it for each certificate.
 * @throws ConfigFault where a certificate, a number or the PIN cannot serve; nothing is written then
 */
export const splitAmong = async (output: Output, asked: SplitAsked, at: string): Promise<void> => {
  const recipients = await Promise.all(asked.to.map((file) => recipientFrom(file, at)))
  refuseTwins(recipients)
  const threshold = countFrom(asked.threshold, recipients.length)
  const fileOf = (index: number): string => join(asked.out, `share-${index}.p7m`)
  await refusePresent([
    ...recipients.map((_, i) => fileOf(i + 1)),
    ...(asked.pinOut === undefined ? [] : [asked.pinOut]),
  ])
  const pin = asked.pinFile === undefined ? drawPin(randomBytes) : await pinFrom(asked.pinFile)
  if (asked.pinOut !== undefined) requireDirectoryOf('--pin-out', dirname(asked.pinOut))
  const shares = await splitPin(pin, { threshold, shares: recipients.length })
  await requireOut(asked.out, 0o700)
  const made = shares.map((share, i) => {
    const { file: to, certificate } = recipients[i] as Recipient
    const content = Buffer.from(writeShare(share), 'utf8')
    const bytes = envelop({ content, recipient: certificate, random: randomBytes })
    content.fill(0)
    return { index: share.index, to, file: fileOf(share.index), bytes }
  })
  const shown = asked.pinOut === undefined ? [] : [{ file: asked.pinOut, bytes: Buffer.from(`${pin}\n`) }]
  await writeAll([...made, ...shown])
  const written = made.map(({ index, to, file }) => ({ index, to, file }))
  const set = shares[0]?.set ?? ''
  output.result({ set, threshold, shares: written }, () =>
    [
      `Set ${set.slice(0, 16)}…: ${threshold} of ${shares.length} are needed.`,
      ...written.map(({ index, to, file }) => `  share ${index}, for ${to}: ${file}`),
      ...(asked.pinOut === undefined
        ? []
        : [`The PIN is in ${asked.pinOut}: set it on the token, then destroy the file.`]),
    ].join('\n'),
  )
}

export type CombineAsked = Readonly<{ out?: string; stdout: boolean }>

const shareIn = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch(() => {
    throw new ConfigFault(`${file}: no share can be read there`)
  })

const combined = async (files: readonly string[]): Promise<string> =>
  combineShares(await Promise.all(files.map(async (file) => readShare(file, await shareIn(file)))))

/** Which share was refused is told all the same. */
const notRecorded =
  ({ code }: ShareFault) =>
  (error: unknown): void => {
    const name = error instanceof Error ? error.name : 'unknown'
    process.stderr.write(`${code} could not be recorded in the ledger: ${name}\n`)
  }

/** @throws ShareFault, which is in the ledger by then unless that went away; LedgerFault before any share is read */
const combinedUnderRecord = async (env: NodeJS.ProcessEnv, files: readonly string[]): Promise<string> => {
  const refusals = await openPinRefusals(env)
  try {
    return await combined(files)
  } catch (error) {
    if (error instanceof ShareFault) await refusals.record(error.code).catch(notRecorded(error))
    throw error
  } finally {
    await refusals.close().catch(() => undefined)
  }
}

/**
 * Puts the PIN together from shares that their officers have decrypted.
 * @throws ShareFault naming the share that is not taken; no PIN is written then, and it is in the ledger. LedgerFault where that cannot be
 *   written to: no share is read then
 */
export const combineFrom = async (
  { env, output }: Readonly<{ env: NodeJS.ProcessEnv; output: Output }>,
  files: readonly string[],
  { out, stdout }: CombineAsked,
): Promise<void> => {
  if ((out === undefined) !== stdout)
    throw new ConfigFault('say where the PIN goes: --out FILE, or --stdout; not both')
  if (out !== undefined) {
    await clearUnfinished(out)
    requireNew(out)
  }
  const pin = await combinedUnderRecord(env, files)
  if (out === undefined) {
    output.result({ pin }, () => pin)
    return
  }
  await createDurable(out, Buffer.from(`${pin}\n`))
  output.result({ out }, () => `The PIN is in ${out}.`)
}
