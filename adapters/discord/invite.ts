import { OAuth2Scopes, PermissionFlagsBits } from 'discord.js'

const { ViewChannel, SendMessages, SendMessagesInThreads, AttachFiles, ReadMessageHistory } = PermissionFlagsBits
/** What the bot does in a server, and nothing beyond it. */
const permissions = ViewChannel | SendMessages | SendMessagesInThreads | AttachFiles | ReadMessageHistory

/** The page on which somebody adds the bot to a server of his, with the permissions and scopes that it needs there. */
export function inviteLink(appId: string): string {
  const scope = [OAuth2Scopes.Bot, OAuth2Scopes.ApplicationsCommands].join(' ')
  return `https://discord.com/oauth2/authorize?${new URLSearchParams({ client_id: appId, scope, permissions: String(permissions) })}`
}
