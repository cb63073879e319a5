// Lines of a file that comes in pieces, as octets: no more than one line is in memory.
import { ExportFault } from './exportFormat.ts'

/** An event's data is at most 1 MiB (eventstoredb.md section 2); what stands around it is far less than as much again. */
const mostOctets = 2 * 1_048_576

const newLine = 0x0a

/** @throws ExportFault on a last line without its end, or one that no export has */
export const linesOf = async function* (pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let octets = 0
  let count = 0
  const add = (part: Buffer): void => {
    octets += part.length
    if (octets > mostOctets) throw new ExportFault(`line ${count + 1}: it is longer than a line of an export`)
    parts.push(part)
  }
  for await (const piece of pieces) {
    let rest = Buffer.from(piece.buffer, piece.byteOffset, piece.length)
    for (let end = rest.indexOf(newLine); end >= 0; end = rest.indexOf(newLine)) {
      add(rest.subarray(0, end))
      yield Buffer.concat(parts)
      parts = []
      octets = 0
      count += 1
      rest = rest.subarray(end + 1)
    }
    if (rest.length > 0) add(rest)
  }
  if (octets > 0) throw new ExportFault(`line ${count + 1}: it has no end: the file was cut off here`)
}
