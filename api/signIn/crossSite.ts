// Requests that another site has a browser send: whatever a browser adds by itself, a cookie or a certificate, is no proof that
// its user wanted them. Browsers say where a request comes from (Fetch Metadata `Sec-Fetch-Site`; RFC 6454 `Origin`).
import type { FastifyRequest } from 'fastify'

/**
 * Whether another site is behind a request that changes something.
 * @param who `always`: a request that says nothing of where it comes from is refused too, since every browser says it;
 *   `browserOnly`: such a request is a program's
 */
export type CrossSite = (request: FastifyRequest, who: 'always' | 'browserOnly') => boolean

const safe = ['GET', 'HEAD', 'OPTIONS']

/** @param publicUrl where browsers find the service; undefined: where the request says that it went */
export const crossSiteBy =
  (publicUrl: string | undefined): CrossSite =>
  (request, who) => {
    if (safe.includes(request.method)) return false
    const { 'sec-fetch-site': site, origin } = request.headers
    if (site !== undefined) return site !== 'same-origin' && site !== 'none'
    const own = publicUrl === undefined ? `${request.protocol}://${request.host}` : new URL(publicUrl).origin
    return origin === undefined ? who === 'always' : origin !== own
  }
