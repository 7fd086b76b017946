/** The words of a PDF; undefined as long as no library for it is let into the house: the person is told that PDF cannot be read yet. */
export async function readPdf(_data: Uint8Array): Promise<string | undefined> {
  return undefined
}
