// Who takes the escrow over, with nothing of ours: OpenSSL, his key, and the package as docs/escrow-transfer.md describes it.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readers } from '../pki/readers.ts'

/** Of a certificate that holds whatever the clock of a test says, from 2020 to 2120. */
const settings = (usage: string): string => `[ca]
default_ca = own
[own]
database = index.txt
serial = serial.txt
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = use
[any]
commonName = supplied
[use]
keyUsage = critical,${usage}
[req]
distinguished_name = name
[name]
`

/** Makes a key and its certificate, in files of this name. @returns the file of the certificate */
export const successor = (
  directory: string,
  name: string,
  key: readonly string[] = ['rsa:3072'],
  usage = 'keyEncipherment',
): string => {
  const file = (suffix: string): string => join(directory, `${name}.${suffix}`)
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' })
  writeFileSync(file('cnf'), settings(usage))
  writeFileSync(join(directory, 'index.txt'), '')
  writeFileSync(join(directory, 'serial.txt'), '01\n')
  const request = ['-newkey', ...key, '-nodes', '-keyout', file('key'), '-subj', `/CN=${name}`]
  openssl('req', '-new', '-config', file('cnf'), ...request, '-out', file('csr'))
  openssl(
    ...[
      'ca',
      '-batch',
      '-notext',
      '-selfsign',
      '-rand_serial',
      '-config',
      file('cnf'),
      '-keyfile',
      file('key'),
    ],
    ...[
      '-startdate',
      '20200101000000Z',
      '-enddate',
      '21200101000000Z',
      '-in',
      file('csr'),
      '-out',
      file('pem'),
    ],
  )
  return file('pem')
}

type Line = Readonly<{ serial: string; spki?: string; blob?: string; label: string; transport: string }>

const lines = (directory: string): readonly (readonly [Line, readonly Line[]])[] =>
  readdirSync(join(directory, 'parts'))
    .sort()
    .map((name) => {
      const [header, ...rows] = readFileSync(join(directory, 'parts', name), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line)
      return [header as Line, rows] as const
    })

/** The AES key of a part, in hex. */
const keyOf = async (readers: Readers, { transport }: Line, privateKey: string): Promise<string> => {
  const wrapped = readers.file('transport.bin', Buffer.from(transport, 'base64'))
  const oaep = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256', 'rsa_mgf1_md:sha256']
  await readers.run(
    ...(['openssl', 'pkeyutl', '-decrypt', '-inkey', privateKey, '-in', wrapped, '-out', 'aes.bin'] as const),
    ...oaep.flatMap((option) => ['-pkeyopt', option]),
  )
  return Buffer.from(readers.read('aes.bin')).toString('hex')
}

export type OpenedKey = Readonly<{
  serial: string
  /** SHA-256 of the public key that OpenSSL makes of the private one. */
  publicKey: string
  /** What the key makes of a message that was enciphered to its public half. */
  decrypts: (message: string) => Promise<string>
}>

/** Opens every key of a package. */
export const openPackage = async (
  readers: Readers,
  directory: string,
  privateKey: string,
): Promise<readonly OpenedKey[]> => {
  const found: OpenedKey[] = []
  for (const [header, rows] of lines(directory)) {
    const aes = await keyOf(readers, header, privateKey)
    for (const { serial, blob = '', spki = '' } of rows.filter((row) => row.blob !== undefined)) {
      const [wrapped, der] = [readers.file('blob.bin', Buffer.from(blob, 'base64')), `${serial}.der`]
      const unwrap = ['-d', '-id-aes256-wrap-pad', '-K', aes, '-iv', 'A65959A6', '-in', wrapped, '-out', der]
      await readers.run('openssl', 'enc', ...unwrap)
      await readers.run(
        'openssl',
        'pkey',
        '-inform',
        'DER',
        '-in',
        der,
        '-pubout',
        '-outform',
        'DER',
        '-out',
        'pub.der',
      )
      found.push({
        serial,
        publicKey: createHash('sha256').update(readers.read('pub.der')).digest('hex'),
        decrypts: async (message) => {
          const pub = readers.file('spki.der', Buffer.from(spki, 'base64'))
          const clear = readers.file('message', message)
          const oaep = ['-pkeyopt', 'rsa_padding_mode:oaep', '-pkeyopt', 'rsa_oaep_md:sha256']
          await readers.run(
            'openssl',
            'pkeyutl',
            '-encrypt',
            '-pubin',
            '-keyform',
            'DER',
            '-inkey',
            pub,
            '-in',
            clear,
            '-out',
            'enc',
            ...oaep,
          )
          await readers.run(
            'openssl',
            'pkeyutl',
            '-decrypt',
            '-keyform',
            'DER',
            '-inkey',
            der,
            '-in',
            'enc',
            '-out',
            'dec',
            ...oaep,
          )
          return Buffer.from(readers.read('dec')).toString('utf8')
        },
      })
    }
  }
  return found
}

/** The receipt of somebody who has opened every part. */
export const receiptFor = async (
  readers: Readers,
  directory: string,
  privateKey: string,
  receivedAt: string,
) => {
  const text = readFileSync(join(directory, 'inventory.json'))
  const { transfer, keys } = JSON.parse(text.toString('utf8')) as { transfer: string; keys: number }
  const proofs: string[] = []
  for (const [header] of lines(directory)) {
    const aes = await keyOf(readers, header, privateKey)
    const label = readers.file('label', header.label)
    const mac = await readers.run(
      'openssl',
      'dgst',
      '-sha256',
      '-mac',
      'HMAC',
      '-macopt',
      `hexkey:${aes}`,
      label,
    )
    proofs.push(/= ([0-9a-f]{64})/.exec(mac)?.[1] ?? '')
  }
  const inventorySha256 = createHash('sha256').update(text).digest('hex')
  return { form: 'grand-livre/escrow-receipt/v1', transfer, inventorySha256, keys, receivedAt, proofs }
}
