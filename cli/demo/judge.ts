// What the openssl binary is asked about what the demo leaves behind. Each check throws unless openssl says what it must.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openssl, opensslRefuses } from './openssl.ts'

/** openssl answered, but not what the demo claims. */
export class NotAsClaimed extends Error {
  override readonly name = 'NotAsClaimed'
}

const mustSay = (said: string, expected: string | RegExp): void => {
  const says = typeof expected === 'string' ? said.includes(expected) : expected.test(said)
  if (!says) throw new NotAsClaimed(`openssl should have said ${String(expected)}, but said: ${said}`)
}

export type Judge = Readonly<{
  /** The CA is certified by the root, whose list of revoked authorities does not name it; both say TEST in their names. */
  authority: (rootCrl: Uint8Array) => Promise<string>
  /** The chain holds, and the certificate is for key encipherment alone. */
  chain: () => Promise<string>
  /** The CRL is signed by the CA; the certificate is on it, or not. */
  crl: (file: string, on: boolean) => Promise<string>
  /** Asks the responder itself, and keeps its answer. */
  ocsp: (url: string, file: string, status: 'good' | 'revoked') => Promise<string>
  encrypt: () => Promise<string>
  /** The first officer's signature is his key's, over what he has approved. */
  approval: () => Promise<string>
  /** The recovered key is the certificate's, and opens the message. */
  recovered: () => Promise<readonly string[]>
  /** SHA-256 of each leaf record, as openssl computes it. */
  digests: (records: readonly Uint8Array[]) => Promise<readonly string[]>
}>

/**
 * @param folder where `root.pem`, `ca.pem`, `holder.pem` and the rest lie
 * @param work where it keeps what only it reads; it is made here
 * @throws OpensslFault where there is no openssl
 */
export const openJudge = async (folder: string, work: string): Promise<Judge> => {
  // Told before anything is begun.
  await openssl(folder, 'version')
  await mkdir(work, { mode: 0o700 })
  const ask = (...args: readonly string[]): Promise<string> => openssl(folder, ...args)
  const chainFile = join(work, 'chain.pem')
  const keyFile = join(work, 'recovered.pem')
  const digested = 500

  const writeChain = async (): Promise<string> => {
    const parts = await Promise.all(['root.pem', 'ca.pem'].map((name) => readFile(join(folder, name))))
    await writeFile(chainFile, Buffer.concat(parts))
    return chainFile
  }

  return {
    authority: async (rootCrl) => {
      const list = join(work, 'root.crl')
      await writeFile(list, rootCrl)
      const said = await ask('verify', '-CAfile', 'root.pem', '-crl_check', '-CRLfile', list, 'ca.pem')
      mustSay(said, 'ca.pem: OK')
      for (const file of ['root.pem', 'ca.pem'])
        mustSay(await ask('x509', '-in', file, '-noout', '-subject', '-nameopt', 'RFC2253'), /CN=TEST AC /)
      return 'openssl verify -crl_check: root.pem → ca.pem OK, not on the root’s list; both named TEST'
    },
    chain: async () => {
      mustSay(
        await ask('verify', '-CAfile', 'root.pem', '-untrusted', 'ca.pem', 'holder.pem'),
        'holder.pem: OK',
      )
      mustSay(
        await ask('x509', '-in', 'holder.pem', '-noout', '-ext', 'keyUsage'),
        /critical\s+Key Encipherment\s*$/,
      )
      return 'openssl verify: root.pem → ca.pem → holder.pem OK, keyUsage critical, key encipherment alone'
    },
    crl: async (file, on) => {
      const args = [
        '-CAfile',
        'root.pem',
        '-untrusted',
        'ca.pem',
        '-crl_check',
        '-CRLfile',
        file,
        'holder.pem',
      ]
      mustSay(await ask('crl', '-inform', 'DER', '-in', file, '-CAfile', 'ca.pem', '-noout'), 'verify OK')
      if (on) mustSay(await opensslRefuses(folder, 'verify', ...args), 'certificate revoked')
      else mustSay(await ask('verify', ...args), 'holder.pem: OK')
      return `openssl crl, verify -crl_check: ${file} signed by the CA, holder.pem ${on ? 'revoked' : 'not on it'}`
    },
    ocsp: async (url, file, status) => {
      const about = ['-issuer', 'ca.pem', '-cert', 'holder.pem', '-CAfile', await writeChain()]
      const said = await ask('ocsp', ...about, '-url', url, '-respout', file)
      mustSay(said, 'Response verify OK')
      mustSay(said, `holder.pem: ${status}`)
      return `openssl ocsp: response verified, holder.pem ${status}`
    },
    encrypt: async () => {
      const to = ['-recip', 'holder.pem', '-keyopt', 'rsa_padding_mode:oaep']
      await ask('cms', '-encrypt', '-binary', '-aes256', '-in', 'message.txt', '-out', 'message.cms', ...to)
      mustSay(
        await ask('cms', '-cmsout', '-print', '-noout', '-in', 'message.cms'),
        /rsaesOaep[^]*aes-256-cbc/,
      )
      return 'openssl cms: message.cms encrypted to holder.pem, AES-256, RSA-OAEP'
    },
    approval: async () => {
      const by = ['-verify', 'officer.pem', '-signature', 'approval.sig']
      mustSay(await ask('dgst', '-sha256', ...by, 'approval.json'), 'Verified OK')
      return 'openssl dgst -verify: approval.sig is officer.pem’s, over approval.json'
    },
    recovered: async () => {
      const pass = ['-passin', 'file:recovered.pass']
      await ask('pkcs12', '-in', 'recovered.p12', ...pass, '-nodes', '-nocerts', '-out', keyFile)
      const certified = await ask('x509', '-in', 'holder.pem', '-noout', '-pubkey')
      if ((await ask('pkey', '-in', keyFile, '-pubout')) !== certified)
        throw new NotAsClaimed('the recovered key is not the key of holder.pem')
      const opened = join(work, 'opened')
      await ask('cms', '-decrypt', '-in', 'message.cms', '-inkey', keyFile, '-binary', '-out', opened)
      const texts = await Promise.all([readFile(opened), readFile(join(folder, 'message.txt'))])
      if (!texts[0].equals(texts[1])) throw new NotAsClaimed('the message did not come out as it went in')
      return [
        'openssl pkcs12, pkey: recovered.p12 opens with recovered.pass, and holds the key of holder.pem',
        'openssl cms -decrypt: message.cms gives message.txt back, octet for octet',
      ]
    },
    digests: async (records) => {
      const digests: string[] = []
      for (let from = 0; from < records.length; from += digested) {
        const part = records.slice(from, from + digested)
        const files = part.map((_, i) => join(work, `leaf-${i}`))
        await Promise.all(part.map((record, i) => writeFile(files[i] ?? '', record)))
        const said = await ask('dgst', '-sha256', '-r', ...files)
        digests.push(
          ...said
            .trim()
            .split('\n')
            .map((line) => line.slice(0, 64)),
        )
      }
      return digests
    },
  }
}
