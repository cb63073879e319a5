// The readers that judge what pki/ writes: openssl and certtool, in a directory of their own.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toPem } from '../../pki/fields.ts'
import { command } from '../support/services/command.ts'

type Run = (program: string, ...args: readonly string[]) => Promise<string>

export type Readers = Readonly<{
  /** Writes a file for the programs; answers its name. */
  file: (name: string, content: Uint8Array | string) => string
  /** Where a file lies. */
  path: (name: string) => string
  /** What a program wrote. */
  read: (name: string) => Uint8Array
  /** What a program prints. @throws when it refuses */
  run: Run
  /** What a program prints as it refuses. @throws when it does not */
  refuses: Run
  close: () => void
}>

export const openReaders = (): Readers => {
  const directory = mkdtempSync(join(tmpdir(), 'grand-livre-pki-'))
  const call = (program: string, args: readonly string[]) =>
    command(program, args, { cwd: directory, env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' } })
  return {
    file: (name, content) => {
      writeFileSync(join(directory, name), content)
      return name
    },
    path: (name) => join(directory, name),
    read: (name) => readFileSync(join(directory, name)),
    run: async (program, ...args) => {
      const { status, output } = await call(program, args)
      if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${output}`)
      return output
    },
    refuses: async (program, ...args) => {
      const { status, output } = await call(program, args)
      if (status === 0 || status === 127) throw new Error(`${program} ${args.join(' ')}: ${output}`)
      return output
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  }
}

export const pemOf = (...certificates: readonly Uint8Array[]): string =>
  certificates.map((certificate) => toPem(certificate)).join('')

/** Seconds since 1970, as `-attime` and `--attime` want them. */
export const epoch = (instant: string): string => String(Date.parse(instant) / 1000)

/**
 * The sections of `openssl x509 -text` (or `crl -text`) by their headings: an extension's own lines, without indent, its
 * heading as printed (`X509v3 Key Usage: critical`).
 */
export const extensionsOf = (text: string): Readonly<Record<string, readonly string[]>> => {
  const lines = text.slice(text.search(/^ +(X509v3|CRL) extensions:$/m)).split('\n')
  const depth = (line: string): number => line.search(/\S/)
  const top = depth(lines[1] ?? '')
  const found: Record<string, string[]> = {}
  let heading = ''
  for (const line of lines.slice(1)) {
    if (line.trim() !== '' && depth(line) < top) break
    if (depth(line) === top) found[(heading = line.trim())] = []
    else if (line.trim() !== '') found[heading]?.push(line.trim())
  }
  return found
}

/** The value after `label:` on its line. */
export const fieldOf = (text: string, label: string): string =>
  new RegExp(`^\\s*${label}:[ \\t]*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
