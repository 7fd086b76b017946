/** What is said of servers that people bring, and of signing in to them. */
export const mcp = {
  usage: [
    'You can bring MCP servers of your own:',
    '- `/mcp list`',
    '- `/mcp add <name> <https address> [Header: value …]`',
    '- `/mcp test <name>`, `/mcp remove <name>`',
    '- `/mcp login <name>`, `/mcp logout <name>`',
  ].join('\n'),
  noKey: 'Nobody can bring servers here: an operator has to set `SECRET_KEY`, by which what is secret of them is kept.',
  none: 'There are no servers of your own here. `/mcp add <name> <https address>` brings one.',
  title: (place: boolean): string =>
    place ? 'The servers of this place:' : 'Your own servers; nobody else gets to see or use them:',
  line: (name: string, host: string, by: string) => `- **${name}** · ${host}${by === '' ? '' : ` · brought by ${by}`}`,
  adminsOnly:
    'Here a server would be for everybody, so only an admin can do this. In a private chat with me you can bring your own.',
  secretSeen:
    'This is not kept: everybody here has seen what you typed, so consider it known to all and make a new one. Give secrets in a private chat with me only.',
  secretHere: 'Servers that need a secret are brought in a private chat with me.',
  noProgram: 'Only the operator may start programs here. Give the https address of a server.',
  refused: (why: string) => `This address cannot be used: ${why}.`,
  wrong: (problems: string[]) => problems.map(problem => `- ${problem}`).join('\n'),
  badHeader: 'What follows the address must be headers such as `Authorization: Bearer abc`.',
  taken: (name: string) => `There is a server \`${name}\` here already. \`/mcp remove ${name}\` takes it out.`,
  full: (most: number) => `There can be at most ${most} servers here. Take one out first.`,
  added: (name: string, report: string) => `Added \`${name}\`. ${report}`,
  notAdded: (name: string, report: string) => `\`${name}\` was not added. ${report}`,
  removed: (name: string) => `Taken out: \`${name}\`, with all that was kept of it.`,
  locked: (name: string) =>
    `what you entrusted with it can no longer be opened, since the operator has changed SECRET_KEY: \`/mcp remove ${name}\`, then add it again`,
  noServer: (name: string) => `There is no server \`${name}\` here that you could do this to. \`/mcp list\` shows them.`,
  answers: (tools: number, version: string, ms: number) =>
    `It answers: ${tools} ${tools === 1 ? 'tool' : 'tools'}, protocol ${version}, ${ms} ms.`,
  rejected: (name: string, why: string) => `- ⚠️ ${name || 'a tool without a name'} cannot be offered: ${why}`,
  needsAuth: (name: string) => `It wants you to sign in: \`/mcp login ${name}\`.`,
  badToken: 'It does not accept the `Authorization` header.',
  fails: (why: string) => `It does not answer: ${why}`,
  loginPrivately: 'The link to sign in is for you alone: ask me for it in a private chat with me.',
  noLogin: (name: string) => `\`${name}\` is not one that people sign in to.`,
  link: (name: string, host: string, url: string) =>
    `Open this page of ${host} to sign in to \`${name}\`, and give the link to nobody. It is good for 15 minutes:\n${url}\n\nIf your browser then shows an error in place of "signed in", copy the address that it shows and send \`/mcp login ${name} <address>\`.`,
  already: (name: string) => `You are signed in to \`${name}\`.`,
  loginFailed: (name: string, why: string) => `The sign-in to \`${name}\` could not begin: ${why}`,
  finishFailed: (name: string) =>
    `The sign-in to \`${name}\` did not work. It may be too long ago, or not the last one: begin anew with \`/mcp login ${name}\`.`,
  declined: (name: string) => `The sign-in to \`${name}\` was declined there.`,
  signedIn: (name: string) => `Signed in to \`${name}\`. Its tools are at hand from the next question on.`,
  signedOut: (name: string) => `Signed out of \`${name}\`.`,
  page: {
    done: 'Signed in',
    doneText: (server: string, person: string) => `${person} can now use "${server}" in the chat. You can close this page.`,
    failed: 'Not signed in',
    over: 'This sign-in is over, or was never begun. Ask for a new link in the chat with /mcp login.',
    failedText: (server: string) => `The sign-in to "${server}" did not work. Begin anew in the chat with /mcp login ${server}.`,
    declinedText: (server: string) => `The sign-in to "${server}" was declined. You can close this page.`,
  },
}
