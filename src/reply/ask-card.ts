import type { Button } from '../adapter.ts'
import type { Ask, Field } from '../ask.ts'
import { fence } from '../fence.ts'
import type { Words } from '../i18n/i18n.ts'
import type { Redact } from '../redact.ts'
import { plain } from './plain.ts'

/** Longer than whatever is asked about: what a person lets be done, he has to see whole. */
const longestDetail = 10_000

/** More buttons than this are no choice any more, but a list to read. */
const mostPicks = 8

/** What a person is asked, as it stands in the reply. */
export function renderAsk({ kind, from, text, detail, fields, url }: Ask, words: Words, redact: Redact): string {
  const [field] = fields
  const lead = `❓ **${from === undefined ? words.askMine : words.askFrom(plain(redact(from)))}** ${plain(redact(text), 1000)}`
  const parts = [
    lead,
    detail === undefined ? '' : fence(redact(detail).slice(0, longestDetail)),
    kind === 'form' && field && picksOf(fields).length === 0
      ? words.askFields(fields.map(({ label }) => plain(redact(label))).join(', '))
      : '',
    url === undefined ? '' : words.askLink(plain(hostOf(url))),
  ]
  return parts.filter(part => part !== '').join('\n\n')
}

/** By which the person answers; `token` is the question's, and that of a choice has its number behind a dot. */
export function askButtons({ kind, token, fields, scopes = [] }: Ask, words: Words): Button[] {
  const button = (label: string, action: string, tone?: Button['tone']): Button => ({
    label,
    action,
    token,
    ...(tone && { tone }),
  })
  const deny = button(kind === 'approve' ? words.askDeny : words.askDecline, 'no', 'bad')
  if (kind === 'approve') {
    const wider = scopes.map(scope => button(words.askScope[scope], `yes-${scope}`))
    return [button(words.askApprove, 'yes', 'good'), ...wider, deny]
  }
  if (kind === 'link') return [button(words.askShowLink, 'link'), button(words.askDone, 'yes', 'good'), deny]
  if (fields.length === 0) return [button(words.askAgree, 'yes', 'good'), deny]
  const picks = picksOf(fields)
  if (picks.length === 0) return [button(words.askFill, 'fill', 'good'), deny]
  return [
    ...picks.map(({ label }, at): Button => ({ label: picked(label, words), action: 'pick', token: `${token}.${at}` })),
    deny,
  ]
}

const picked = (label: string, words: Words) => (label === 'yes' ? words.askYes : label === 'no' ? words.askNo : label)

/** What can be chosen with one press: the options of the only field, if they are few. */
export function picksOf(fields: Field[]): { value: string | boolean; label: string }[] {
  const [field] = fields
  if (!field || fields.length > 1) return []
  if (field.kind === 'yes-no') {
    return [
      { value: true, label: 'yes' },
      { value: false, label: 'no' },
    ]
  }
  const options = field.kind === 'one' ? (field.options ?? []) : []
  return options.length <= mostPicks ? options : []
}

export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url.slice(0, 80)
}
