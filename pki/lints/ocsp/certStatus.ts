import { children } from '../../derReader.ts'
import type { SingleResponse } from '../parseOcsp.ts'
import { type OcspRule } from '../rule.ts'

const wellFormed = ({ status }: SingleResponse): boolean => {
  if (status.tag === 0xa1) return children(status).length === 1
  return (status.tag === 0x80 || status.tag === 0x82) && status.content.length === 0
}

export const certStatus: OcspRule = {
  name: 'certStatus',
  citation: 'RFC 6960 4.2.1; RGS A2 IX.3.1; decision D3',
  appliesTo: ['ocsp'],
  check: ({ responses }) =>
    responses
      .filter((response) => !wellFormed(response))
      .map(() => 'neither good, unknown, nor revoked without its cause'),
}
