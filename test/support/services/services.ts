// Everything the tests talk to, started together, and taken down together.
import { clearLeftovers, openWorkspace } from './workspace.ts'
import { startPostgres } from './postgres.ts'
import { startPcscd } from './pcscd.ts'
import { startRedis } from './redis.ts'
import { openSoftHsm } from './softhsm.ts'
import type { Service } from './service.ts'

export type Services = Readonly<{ env: Readonly<Record<string, string>>; stop: () => Promise<void> }>

/** @throws Error when one of them does not start; the others are stopped by then */
export const startServices = async (): Promise<Services> => {
  clearLeftovers()
  const workspace = openWorkspace()
  const started = await Promise.allSettled<Service>([
    startPostgres(workspace.path),
    startRedis(workspace.path),
    startPcscd(workspace.path),
    Promise.resolve().then(() => openSoftHsm(workspace.path)),
  ])
  const services = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const stop = async (): Promise<void> => {
    await Promise.all(services.map((service) => service.stop()))
    workspace.remove()
  }
  const fault = started.find((result) => result.status === 'rejected')
  if (fault !== undefined) {
    await stop()
    throw fault.reason
  }
  return { env: Object.assign({}, ...services.map((service) => service.env)) as Record<string, string>, stop }
}
