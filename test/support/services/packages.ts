// What the tests need from the system, and how it comes onto a Debian machine.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { command } from './command.ts'
import {
  findOpenScModule,
  findPkcs11Engine,
  findPostgres,
  findProgram,
  findSoftHsm,
  hasVpcd,
} from './programs.ts'

type Need = Readonly<{ name: string; debian: string; isThere: () => boolean }>

const needs: readonly Need[] = [
  { name: 'PostgreSQL', debian: 'postgresql', isThere: () => findPostgres() !== undefined },
  { name: 'Redis', debian: 'redis-server', isThere: () => findProgram('redis-server') !== undefined },
  { name: 'SoftHSM2', debian: 'softhsm2', isThere: () => findSoftHsm() !== undefined },
  { name: 'OpenSSL', debian: 'openssl', isThere: () => findProgram('openssl') !== undefined },
  { name: 'GnuTLS certtool', debian: 'gnutls-bin', isThere: () => findProgram('certtool') !== undefined },
  { name: 'pcscd', debian: 'pcscd', isThere: () => findProgram('pcscd') !== undefined },
  { name: 'vpcd', debian: 'vsmartcard-vpcd', isThere: hasVpcd },
  { name: 'OpenSC', debian: 'opensc', isThere: () => findOpenScModule() !== undefined },
  {
    name: 'the PKCS#11 engine of OpenSSL',
    debian: 'libengine-pkcs11-openssl',
    isThere: () => findPkcs11Engine() !== undefined,
  },
  // No container engine: what reads docker-compose.yml, and the proxy that it starts.
  {
    name: 'docker-compose',
    debian: 'docker-compose',
    isThere: () => findProgram('docker-compose') !== undefined,
  },
  { name: 'HAProxy', debian: 'haproxy', isThere: () => findProgram('haproxy') !== undefined },
]

const missing = (): readonly Need[] => needs.filter((need) => !need.isThere())

const canInstall = (): boolean => process.getuid?.() === 0 && existsSync('/etc/debian_version')

/**
 * Debian starts a server as soon as it is installed. The tests use servers of their own, so nothing else is started:
 * this is the system's own switch for that, taken away again afterwards. One that is already there is left alone.
 */
const withoutStartingServers = async <T>(act: () => Promise<T>): Promise<T> => {
  const switchFile = '/usr/sbin/policy-rc.d'
  if (existsSync(switchFile)) return act()
  const remove = () => rmSync(switchFile, { force: true })
  writeFileSync(switchFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  process.once('exit', remove)
  try {
    return await act()
  } finally {
    remove()
    process.off('exit', remove)
  }
}

const aptGet = (...args: readonly string[]) =>
  command('apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' },
  })

/** Installs Debian packages; the lists of packages are fetched first, and an old list is tried if that fails. */
export const install = async (names: readonly string[]): Promise<string | undefined> => {
  if (!canInstall()) return 'packages can be installed by root on Debian only'
  const updated = await aptGet('update')
  const installed = await withoutStartingServers(() => aptGet('install', '--no-install-recommends', ...names))
  return installed.status === 0 ? undefined : [updated.output, installed.output].join('\n')
}

/** Says what is missing and how to get it, or nothing once everything is there. */
export const providePackages = async (say: (line: string) => void): Promise<string | undefined> => {
  const wanted = missing().map((need) => need.debian)
  if (wanted.length === 0) return undefined
  say(
    `missing: ${missing()
      .map((need) => `${need.name} (${need.debian})`)
      .join(', ')}`,
  )
  if (canInstall()) {
    say(`installing ${wanted.join(' ')}`)
    const fault = await install(wanted)
    if (fault !== undefined) say(fault)
  }
  const left = missing().map((need) => need.debian)
  if (left.length === 0) return undefined
  return `The tests need these packages first:\n  apt-get install -y --no-install-recommends ${left.join(' ')}`
}
