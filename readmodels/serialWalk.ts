// Serials in their order, a page at a time: a list of all of them is longer than what is held at once.

/** @returns at most `size` serials that come after this one */
type PageOf = (after: string, size: number) => Promise<readonly string[]>

/** @param most how many of them; Infinity for all */
export const walkSerials = async function* (
  pageOf: PageOf,
  { most, pageSize }: Readonly<{ most: number; pageSize: number }>,
): AsyncGenerator<string> {
  let after = ''
  for (let left = most; left > 0;) {
    const size = Math.min(pageSize, left)
    const page = await pageOf(after, size)
    yield* page
    if (page.length < size) return
    after = page.at(-1) ?? ''
    left -= page.length
  }
}
