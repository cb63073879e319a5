// A message as a reader shows it: its headers, its text and its page.
const decoded = (part: string): string =>
  Buffer.from(part.slice(part.indexOf('\r\n\r\n')), 'base64').toString('utf8')

/** @param message multipart/alternative, as jobs/outbox.ts writes it, in latin1 */
export const partsOf = (message: string): Readonly<{ headers: string; text: string; html: string }> => {
  const headers = message.slice(0, message.indexOf('\r\n\r\n'))
  const boundary = /boundary="([^"]+)"/.exec(headers)?.[1]
  if (boundary === undefined) throw new Error('no multipart message')
  const [, text = '', html = ''] = message.split(`--${boundary}`)
  if (!/text\/plain/.test(text) || !/text\/html/.test(html)) throw new Error('no text, or no page')
  return { headers, text: decoded(text), html: decoded(html) }
}
