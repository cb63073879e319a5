// The HTTP API as any client has it: fetch, a token, an idempotency key. Nothing in here knows the inside of the service.
import { randomUUID } from 'node:crypto'

/** The service refused, or did not answer as the demo expects. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer'
}

/** What the answers of the routes have, together. */
export type Answer = Readonly<{
  id: string
  person: string
  serial: string
  card: string
  status: string
  position: string
  presentedSha256: string
  presentedAt: string
  passphrase: string
  before: string
  after: string
}>

export type Caller = Readonly<{
  /** A command. @throws UnexpectedAnswer */
  post: (path: string, body?: object) => Promise<Answer>
  /** A command that is answered with octets. @throws UnexpectedAnswer */
  collect: (path: string, body: object) => Promise<Buffer>
  /** A command that must be refused. @returns the code and clause of the refusal */
  refused: (path: string, body?: object) => Promise<Readonly<{ code: string; clause: string }>>
  get: (path: string) => Promise<Answer>
  text: (path: string) => Promise<string>
}>

const successful = async (response: Response): Promise<Response> => {
  if (response.ok) return response
  throw new UnexpectedAnswer(`${response.status} ${await response.text()}`)
}

/** What anybody may fetch. @throws UnexpectedAnswer */
export const download = async (url: string): Promise<Buffer> =>
  Buffer.from(await (await successful(await fetch(url))).arrayBuffer())

/** Calls the API at `url` with an account's token. */
export const openCaller = (url: string, token: string): Caller => {
  const base = `${url}/api/v1`
  const signIn = { authorization: `Bearer ${token}` }
  const send = (path: string, body?: object): Promise<Response> =>
    fetch(`${base}${path}`, {
      method: 'POST',
      headers: {
        ...signIn,
        'idempotency-key': randomUUID(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const fetched = async (path: string): Promise<Response> =>
    successful(await fetch(`${base}${path}`, { headers: signIn }))
  return {
    post: async (path, body) => (await (await successful(await send(path, body))).json()) as Answer,
    collect: async (path, body) =>
      Buffer.from(await (await successful(await send(path, body))).arrayBuffer()),
    refused: async (path, body) => {
      const response = await send(path, body)
      const text = await response.text()
      if (response.ok) throw new UnexpectedAnswer(`should have been refused, but was answered ${text}`)
      return JSON.parse(text) as { code: string; clause: string }
    },
    get: async (path) => (await (await fetched(path)).json()) as Answer,
    text: async (path) => (await fetched(path)).text(),
  }
}
