// Pages by keyset: a cursor is where the last page ended, opaque to clients; `Link: rel="next"` leads on (RFC 8288).
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Problem } from './problems.ts'

export const pageQuery = {
  limit: Type.Optional(
    Type.String({ pattern: '^([1-9]\\d?|100)$', description: '1 to 100; 25 by default.' }),
  ),
  cursor: Type.Optional(
    Type.String({ pattern: '^[A-Za-z0-9_-]{1,40}$', description: 'From the link to the next page.' }),
  ),
}

export type PageQuery = Readonly<{ limit: string | undefined; cursor: string | undefined }>

export const limitOf = ({ limit }: Pick<PageQuery, 'limit'>): number => Number(limit ?? 25)

/** The rank after which the page begins. @throws Problem VALIDATION_FAILED */
export const rankOf = ({ cursor }: PageQuery): number | undefined => {
  if (cursor === undefined) return undefined
  const rank = /^r(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1]
  if (rank !== undefined) return Number(rank)
  throw new Problem('VALIDATION_FAILED', {
    errors: [{ in: 'query', pointer: '/cursor', message: 'is not a cursor' }],
  })
}

/** Links to the next page. What was searched for stays in the address, which the client made itself. */
export const linkNext = (request: FastifyRequest, reply: FastifyReply, rank: number): void => {
  const [path = '', search = ''] = request.url.split('?')
  const parameters = new URLSearchParams(search)
  parameters.set('cursor', Buffer.from(`r${rank}`).toString('base64url'))
  reply.header('link', `<${path}?${parameters.toString()}>; rel="next"`)
}
