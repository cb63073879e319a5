// Serials in their order, a page at a time: a list of all of them is longer than what is held at once.

/** @returns at most `size` rows, of the serials that come after this one */
type PageOf = (after: string, size: number) => Promise<readonly Readonly<{ serial: string }>[]>

/** @param most how many of them; Infinity for all */
export const walkSerials = async function* (
  pageOf: PageOf,
  { most, pageSize }: Readonly<{ most: number; pageSize: number }>,
): AsyncGenerator<string> {
  let after = ''
  for (let left = most; left > 0;) {
    const size = Math.min(pageSize, left)
    const page = await pageOf(after, size)
    for (const { serial } of page) yield serial
    if (page.length < size) return
    after = page.at(-1)?.serial ?? ''
    left -= page.length
  }
}
