/** What the bench hands to a program that it compares Bellhop with. */
export function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: this program is started by the bench`)
  return value
}
