// The directory that AUTH_TRUST names: certificates (*.cer, *.crt, *.pem) and revocation lists (*.crl), DER or PEM. What stands
// there is in force: a file that is replaced, added or removed counts from the next look on.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReadTrust, Trust } from '../pki/trust.ts'

const kinds = /\.(cer|crt|pem|crl)$/i
const block = /-----BEGIN (CERTIFICATE|X509 CRL)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g

/** Every certificate, or list, that a file holds. */
const contentOf = (name: string, bytes: Buffer): Trust => {
  const text = bytes.toString('latin1')
  const found = [...text.matchAll(block)].map(([, label = '', base64 = '']) => ({
    isList: label !== 'CERTIFICATE',
    der: Buffer.from(base64, 'base64'),
  }))
  const all = found.length > 0 ? found : [{ isList: name.toLowerCase().endsWith('.crl'), der: bytes }]
  return {
    certificates: all.filter(({ isList }) => !isList).map(({ der }) => der),
    crls: all.filter(({ isList }) => isList).map(({ der }) => der),
  }
}

/** Names of the files, and what changes when one is written anew. */
const tagOf = async (directory: string): Promise<{ tag: string; names: readonly string[] }> => {
  const names = (await readdir(directory)).filter((name) => kinds.test(name)).sort()
  const marks = await Promise.all(
    names.map(async (name) => {
      const { mtimeMs, ctimeMs, size, ino } = await stat(join(directory, name))
      return `${name} ${mtimeMs} ${ctimeMs} ${size} ${ino}`
    }),
  )
  return { tag: marks.join('\n'), names }
}

/** Reads the directory, and again whenever something in it has changed. The reader throws while a file cannot be read. */
export const openTrust = (directory: string): ReadTrust => {
  let known: Readonly<{ tag: string; trust: Trust }> | undefined
  return async () => {
    const { tag, names } = await tagOf(directory)
    if (known?.tag === tag) return known.trust
    const parts = await Promise.all(
      names.map(async (name) => contentOf(name, await readFile(join(directory, name)))),
    )
    const trust = {
      certificates: parts.flatMap(({ certificates }) => certificates),
      crls: parts.flatMap(({ crls }) => crls),
    }
    known = { tag, trust }
    return trust
  }
}
