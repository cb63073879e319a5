// Where the programs and libraries that the tests use lie on this machine.
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const systemFolders = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin']

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The first executable of that name in `folders`, in PATH or in the system's folders. */
export const findProgram = (name: string, folders: readonly string[] = []): string | undefined =>
  [...folders, ...(process.env['PATH'] ?? '').split(delimiter), ...systemFolders]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)

/** Debian keeps the server programs of PostgreSQL out of PATH, one folder a major version; the newest comes first. */
const postgresFolders = (): readonly string[] => {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return []
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(root, version, 'bin'))
}

export type PostgresPrograms = Readonly<{ initdb: string; postgres: string }>

export const findPostgres = (): PostgresPrograms | undefined => {
  const initdb = findProgram('initdb', postgresFolders())
  const postgres = findProgram('postgres', postgresFolders())
  return initdb === undefined || postgres === undefined ? undefined : { initdb, postgres }
}

/** A client program of PostgreSQL, as `pg_dump`. */
export const findPostgresClient = (name: string): string | undefined => findProgram(name, postgresFolders())

const libraryFolders = (): readonly string[] => {
  const multiarch = existsSync('/usr/lib') ? readdirSync('/usr/lib').filter((n) => n.includes('-linux-')) : []
  return ['/usr/lib', '/usr/lib64', '/usr/local/lib', ...multiarch.map((name) => join('/usr/lib', name))]
}

/** The PKCS#11 module of SoftHSM2, and nothing unless its tool is there too. */
export const findSoftHsm = (): string | undefined => {
  if (findProgram('softhsm2-util') === undefined) return undefined
  return libraryFolders()
    .flatMap((folder) => [
      join(folder, 'softhsm/libsofthsm2.so'),
      join(folder, 'pkcs11/libsofthsm2.so'),
      join(folder, 'libsofthsm2.so'),
    ])
    .find((path) => existsSync(path))
}

/** vpcd, the reader that takes a card over TCP, as pcscd loads it. */
export const vpcdDriver = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so'

export const hasVpcd = (): boolean => existsSync(vpcdDriver)

const firstLibrary = (...names: readonly string[]): string | undefined =>
  libraryFolders()
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path))

/** The PKCS#11 module of OpenSC, once its tools are there too. */
export const findOpenScModule = (): string | undefined =>
  findProgram('pkcs15-init') === undefined ? undefined : firstLibrary('opensc-pkcs11.so')

/** By which OpenSSL uses the keys of a PKCS#11 module. */
export const findPkcs11Engine = (): string | undefined =>
  firstLibrary('engines-3/pkcs11.so', 'engines-1.1/pkcs11.so')

export const findOpenSc = (): Readonly<{ module: string; engine: string }> | undefined => {
  const [module, engine] = [findOpenScModule(), findPkcs11Engine()]
  return module === undefined || engine === undefined ? undefined : { module, engine }
}
