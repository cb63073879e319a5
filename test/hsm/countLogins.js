// Loaded into a signer process before it begins: each login adds a line to the file that the environment names.
import { appendFileSync } from 'node:fs'
import pkcs11js from 'pkcs11js'

const { prototype } = pkcs11js.PKCS11
const login = prototype.C_Login
prototype.C_Login = function (...args) {
  appendFileSync(process.env.GRAND_LIVRE_TEST_LOGINS, 'login\n')
  return login.apply(this, args)
}
