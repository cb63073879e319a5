// A client of the HTTP API that goes through `app.inject`: no port, the same code.
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'

export type Client = Readonly<{
  post: (
    path: string,
    body?: object,
    more?: Readonly<{ key?: string; headers?: Readonly<Record<string, string>> }>,
  ) => Promise<LightMyRequestResponse>
  get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<LightMyRequestResponse>
}>

/** Paths are relative to `/api/v1`; every command has a key of its own unless one is given. */
export const client = (app: FastifyInstance, signIn: Readonly<Record<string, string>>): Client => ({
  post: (path, body, { key = randomUUID(), headers = {} } = {}) => {
    const options: InjectOptions = {
      method: 'POST',
      url: `/api/v1${path}`,
      headers: { ...signIn, 'idempotency-key': key, ...headers },
      ...(body === undefined ? {} : { payload: body }),
    }
    return app.inject(options)
  },
  get: (path, headers = {}) => app.inject({ url: `/api/v1${path}`, headers: { ...signIn, ...headers } }),
})
