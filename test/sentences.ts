/** Whether the text of a test file has a test of this name, or a case of one. */
export function namesTest(text: string, sentence: string): boolean {
  return ["'", '"', '`'].some(quote => [',', ':'].some(end => text.includes(`${quote}${sentence}${quote}${end}`)))
}
