// CGU-12: « politique de certification publiée aux adresses suivantes : https://igc… https://igc1… https://igc2… ». CGU-69: « Le
// formulaire de révocation est disponible sur les sites de publication ». CGU-104, CGU-105: the certificates of the chain, at
// their own addresses on the same sites. A document is published once every site holds the same octets.
import type { DocumentName } from '../lists.ts'
import type { Policy } from './policy.ts'

export type Site = Readonly<{ url: string; sha256: string; seenAt: string }>

const originOf = (url: string): string => /^https?:\/\/[^/]+/.exec(url)?.[0] ?? url

/** Where a document must be found: whole addresses where the CGU give them, else one on each site. */
const expectedOf = (kind: DocumentName, { publication, sites }: Policy) => {
  if (kind === 'rootCertificate') return { places: publication.rootCertificate, of: (url: string) => url }
  if (kind === 'caCertificate') return { places: publication.caCertificate, of: (url: string) => url }
  return { places: sites.map(originOf), of: originOf }
}

/** The addresses that have to hold a document: whole ones, or the origins of sites. */
export const placesOf = (kind: DocumentName, policy: Policy): readonly string[] =>
  expectedOf(kind, policy).places

/** The first address that does not hold these octets: one that was seen with others, or one that was not seen. */
export const differingSite = (
  kind: DocumentName,
  document: Readonly<{ sha256: string; sites: readonly Site[] }>,
  policy: Policy,
): string | undefined => {
  const { places, of } = expectedOf(kind, policy)
  const wrong = document.sites.find(({ sha256 }) => sha256 !== document.sha256)
  if (wrong !== undefined) return wrong.url
  const seen = new Set(document.sites.map(({ url }) => of(url)))
  return places.find((place) => !seen.has(place))
}
