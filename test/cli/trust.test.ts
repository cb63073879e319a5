// AUTH_TRUST: what stands in the directory is what is relied on, from the next look on.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../cli/config.ts'
import { ConfigFault } from '../../cli/configFault.ts'
import { openTrust } from '../../cli/trust.ts'
import { toPem } from '../../pki/fields.ts'

const temporary = () => {
  const directory = mkdtempSync(join(tmpdir(), 'grand-livre-trust-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return {
    directory,
    put: (name: string, content: Uint8Array | string) => writeFileSync(join(directory, name), content),
  }
}
const [one, two, list] = ['one', 'two', 'list'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer]

it('CGU-58: certificates and lists, in DER or PEM, several in a file; anything else is left alone', async () => {
  const { directory, put } = temporary()
  put('one.cer', one)
  put('bundle.pem', `${toPem(one)}some text\n${toPem(two)}${toPem(list, 'X509 CRL')}`)
  put('sibling.crl', list)
  put('notes.txt', toPem(two))
  const { certificates, crls } = await openTrust(directory)()
  expect(certificates.map(String)).toEqual(['one', 'two', 'one'])
  expect(crls.map(String)).toEqual(['list', 'list'])
})

it('CGU-58: a file that is added, replaced or removed counts at once', async () => {
  const { directory, put } = temporary()
  const read = openTrust(directory)
  expect(await read()).toEqual({ certificates: [], crls: [] })
  put('a.crl', list)
  expect((await read()).crls.map(String)).toEqual(['list'])
  put('a.crl', Buffer.from('another list'))
  expect((await read()).crls.map(String)).toEqual(['another list'])
  expect(await read()).toBe(await read())
  rmSync(join(directory, 'a.crl'))
  expect(await read()).toEqual({ certificates: [], crls: [] })
})

it('a directory that is not there is told at the start; one that goes away later, at the next look', async () => {
  const { directory } = temporary()
  expect(() => readConfig({ AUTH_TRUST: join(directory, 'nowhere') })).toThrow(ConfigFault)
  expect(readConfig({ AUTH_TRUST: directory }).authTrust).toBe(directory)
  expect(readConfig({}).authTrust).toBeUndefined()
  await expect(openTrust(join(directory, 'nowhere'))()).rejects.toThrow()
})
