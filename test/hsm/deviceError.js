// Loaded into a signer process before it begins. While the file that the environment names has a number of strikes left, a call to the
// module is struck, as by one behind which something is gone. The file is JSON (Strike of deviceStrike.ts): which call, how, how often.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import pkcs11js from 'pkcs11js'

const { prototype } = pkcs11js.PKCS11
const file = process.env.GRAND_LIVRE_TEST_DEVICE
const calls = [
  'C_Login',
  ...['C_SignInit', 'C_SignAsync', 'C_WrapKey', 'C_UnwrapKey', 'C_DecryptInit', 'C_CreateObject'],
  ...['C_DestroyObject', 'C_GenerateKey', 'C_GenerateKeyAsync', 'C_GenerateKeyPairAsync'],
]

const fails = () => {
  throw Object.assign(new Error('CKR_DEVICE_ERROR'), { code: 0x30 })
}
/** What happens once the module has done it: to a promise of it, or to what it has answered at once. */
const thenFails = (done, before = () => undefined) => {
  const fail = () => {
    before()
    return fails()
  }
  return done instanceof Promise ? done.then(fail) : fail()
}
const ways = {
  before: () => fails(),
  after: (_, act) => thenFails(act()),
  // The process has one thread for it: whatever else it is asked waits as well.
  slow: (_, act, { ms = 500 }) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    return act()
  },
  // A bit of what it answers is another.
  spoilt: (_, act) => act().then((octets) => octets.map((octet, at) => (at === 9 ? octet ^ 1 : octet))),
  // Handles and login go with it; the call itself is left to find that out.
  loggedOut: ([module, session], act) => {
    module.C_Logout(session)
    return act()
  },
  closed: ([module, session], act) => {
    module.C_CloseSession(session)
    return act()
  },
  // What the module has read of the token is all that there is of it from now on.
  takenAway: (_, act, { folder, away }) => {
    const done = act()
    renameSync(folder, away)
    return done
  },
  // As a module that crashes.
  dies: () => process.kill(process.pid, 'SIGKILL'),
  // The process that started this one dies with what it asked for done, and not answered.
  orphaned: (_, act) => thenFails(act(), () => process.kill(process.ppid, 'SIGKILL')),
}

/** What each session was last armed with. */
const armed = new Map()
const mechanismOf = (call, [session, second]) => {
  if (call === 'C_SignAsync') return armed.get(session.toString('hex'))
  if (call === 'C_SignInit') armed.set(session.toString('hex'), second.mechanism)
  return second?.mechanism
}

/** One that is struck now, with one strike less left; undefined for every other call. */
const strikeFor = (call, args) => {
  const found = { call, mechanism: mechanismOf(call, args), octets: args[1]?.length }
  if (!existsSync(file)) return undefined
  const strike = JSON.parse(readFileSync(file, 'utf8'))
  const isIt = Object.entries(found).every(([what, is]) => strike[what] === undefined || strike[what] === is)
  if (strike.left === 0 || !isIt) return undefined
  writeFileSync(file, JSON.stringify({ ...strike, left: strike.left - 1 }))
  return strike
}

// The binding gives each object methods of its own: they are there when it is told which module it is.
const { load } = prototype
prototype.load = function (...named) {
  for (const call of calls) {
    const real = this[call]
    this[call] = (...args) => {
      const strike = strikeFor(call, args)
      const act = () => real.apply(this, args)
      return strike === undefined ? act() : ways[strike.how]([this, args[0]], act, strike)
    }
  }
  return load.apply(this, named)
}
