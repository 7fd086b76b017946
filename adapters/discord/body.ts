import { ButtonStyle, ComponentType, MessageFlags } from 'discord.js'
import type { Button, OutFile, Outgoing } from '../../src/adapter.ts'
import { toDiscord } from './outbound.ts'

const nobody = { parse: [], replied_user: false }

/** Discord's "Action Row": so many buttons each, and so many rows on a message. */
const most = { buttons: 5, rows: 5 }

/** The same for a post and an edit: an edit that leaves out `allowed_mentions` would ping after all, and `flags` count as a whole. */
export function toBody({ text, buttons }: Outgoing) {
  return {
    content: toDiscord(text),
    components: toRows(buttons),
    allowed_mentions: nobody,
    flags: MessageFlags.SuppressEmbeds as number,
  }
}

/** A message that is a file and nothing else. */
export function toFileBody({ name }: OutFile) {
  return { attachments: [{ id: 0, filename: name }], allowed_mentions: nobody, flags: 0 }
}

/** The edit that adds a file to those which a message is to keep. */
export function toFileEdit(kept: { id: string }[], { name }: OutFile) {
  return { attachments: [...kept.map(({ id }) => ({ id })), { id: 0, filename: name }], allowed_mentions: nobody }
}

function toRows(buttons: Button[]): object[] {
  const shown = buttons.slice(0, most.buttons * most.rows)
  return Array.from({ length: Math.ceil(shown.length / most.buttons) }, (_, row) => ({
    type: ComponentType.ActionRow,
    components: shown.slice(row * most.buttons, (row + 1) * most.buttons).map(toButton),
  }))
}

const tones = { good: ButtonStyle.Success, bad: ButtonStyle.Danger }

function toButton({ label, action, token, tone = action === 'stop' ? 'bad' : undefined }: Button): object {
  const style = tone ? tones[tone] : ButtonStyle.Secondary
  return { type: ComponentType.Button, style, label: label.slice(0, 80), custom_id: `${action}:${token}` }
}
