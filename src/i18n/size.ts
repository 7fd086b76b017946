/** `42 KB`: in powers of ten, as platforms tell their limits. */
export function inUnits(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} KB` : `${Number((bytes / 1_000_000).toFixed(1))} MB`
}
