// Loaded into a signer process before it begins: while the file that the environment names has a number of answers left, a signature is
// answered with CKR_DEVICE_ERROR, as by a module behind which the device is gone.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import pkcs11js from 'pkcs11js'

const { prototype } = pkcs11js.PKCS11
const file = process.env.GRAND_LIVRE_TEST_DEVICE
const init = prototype.C_SignInit
prototype.C_SignInit = function (...args) {
  const left = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
  if (left === 0) return init.apply(this, args)
  writeFileSync(file, String(left - 1))
  throw Object.assign(new Error('CKR_DEVICE_ERROR'), { code: 0x30 })
}
