// Loaded into the process of the token cards before it begins: at the n-th call that changes a card, the reader is gone. The file that the
// environment names has the number of calls that are left, and the folder that is the reader.
import { existsSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import pkcs11js from 'pkcs11js'

const { prototype } = pkcs11js.PKCS11
const changing = [
  'C_InitToken',
  'C_InitPIN',
  'C_GenerateKeyPair',
  'C_UnwrapKey',
  'C_CreateObject',
  'C_DestroyObject',
]
const file = process.env.GRAND_LIVRE_TEST_PULL

const count = () => {
  if (!existsSync(file)) return
  const { left, reader } = JSON.parse(readFileSync(file, 'utf8'))
  if (left > 1) return writeFileSync(file, JSON.stringify({ left: left - 1, reader }))
  unlinkSync(file)
  renameSync(reader, `${reader}.away`)
}

for (const name of changing) {
  const call = prototype[name]
  prototype[name] = function (...args) {
    count()
    return call.apply(this, args)
  }
}
