import type { Words } from '../i18n/i18n.ts'
import type { SourceState } from '../model.ts'

export type Help = keyof Words['sourceHelp']

interface Remedy {
  help: Help
  states: SourceState[]
  /** Of the server and its tool, as `server tool`; absent: of any. */
  of?: RegExp
  status?: number
}

const locked: SourceState[] = ['not-permitted', 'needs-sign-in']

/** What helps when a source gave nothing: the first line that fits, so that what is known of one server stands before what holds for all. */
const remedies: Remedy[] = [
  { help: 'tiktokCookies', states: locked, of: /tiktok|douyin|抖音/i },
  { help: 'rapidApiKey', states: locked, of: /twitter|tweet/i },
  { help: 'later', states: ['unavailable'], status: 429 },
  { help: 'broader', states: ['empty'] },
  { help: 'less', states: ['timed-out'] },
  { help: 'permission', states: ['not-permitted'] },
  { help: 'signIn', states: ['needs-sign-in'] },
  { help: 'away', states: ['unavailable'] },
  { help: 'again', states: ['failed'] },
]

/** `isOwn`: it is known of just this server, so that it says more than any status. */
export function findRemedy(state: SourceState, source: string, status?: number): { help: Help; isOwn: boolean } | undefined {
  const fits = ({ states, of, status: only }: Remedy) =>
    states.includes(state) && (of?.test(source) ?? true) && (only === undefined || only === status)
  const found = remedies.find(fits)
  return found && { help: found.help, isOwn: found.of !== undefined }
}
