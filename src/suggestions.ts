import { permitActions, permitWhoms } from './permit-command.ts'
import type { Notice } from './queue/board.ts'

/** Those that the other options leave. */
export function chosen(all: NonNullable<Notice['prompts']>, { server, name }: Record<string, string>) {
  return all.filter(one => (server === undefined || one.server === server) && (name === undefined || one.name === name))
}

/** For `/prompt`: what fits to what is filled in. */
export function suggestPrompts(option: string, all: NonNullable<Notice['prompts']>, filled: Record<string, string>): string[] {
  return chosen(all, filled).map(prompt => (option === 'server' ? prompt.server : prompt.name))
}

/** For `/permit`. */
export function suggestPermit(option: string, notice: Notice | undefined): string[] {
  if (option !== 'tool') return option === 'action' ? permitActions : permitWhoms
  return ['*', ...(notice?.servers ?? []).map(({ name }) => name), ...(notice?.tools ?? []).map(({ name }) => name)]
}
