/** What is said of what people may call. */
export const permits = {
  ask: (tool: string, server: string) =>
    `May I run "${tool}" of the server "${server}" with just these arguments? "Approve in this chat" and "Always approve" hold for whatever arguments it is given later.`,
  /** To the model, and to who called it himself. */
  refused: {
    rule: (tool: string) => `${tool} was not run: a rule of an admin does not let this person call it here.`,
    person: (tool: string) =>
      `${tool} was not run: the person was asked, and refused it. Do not call it again unless he wants it.`,
    nobody: (tool: string) => `${tool} was not run: the person was asked whether it may, and did not answer in time.`,
    unasked: (tool: string) =>
      `${tool} was not run: a person has to approve it, and nobody can be asked over the API. An admin can let it run with \`/permit allow\`.`,
    unshown: (tool: string) =>
      `${tool} was not run: a person has to approve it, and its arguments are too long to be shown to him whole. Do it in smaller parts.`,
  },
  /** Behind the name of the tool. */
  why: {
    rule: 'a rule does not permit it',
    person: 'refused',
    nobody: 'nobody approved it in time',
    unasked: 'it needs an approval, which nobody can give here',
    unshown: 'too long to be shown for approval',
  },
  usage: [
    'Who may call which tool:',
    '- `/permit` lists the rules that hold here',
    '- `/permit <allow|ask|deny> <server.tool, server or *> [here|everyone|@id]` makes one; without whom, it is for this chat',
    '- `/permit reset <server.tool, server or *> [here|everyone|@id]` takes one back, and what that person has approved',
    '- `/permit reset <server.tool, server or *> me` takes back what you have approved',
  ].join('\n'),
  noPerson:
    'I know people by their ids, since names can be changed: write `@` and the number, such as `@123456789`. `/audit` shows the ids of who called something.',
  unknownTool: 'I know no such tool or server now; the rule holds if it comes.',
  whom: (kind: 'person' | 'here' | 'everyone', id: string) =>
    ({ person: `for \`${id}\` everywhere`, here: `for all in \`${id}\``, everyone: 'for everyone' })[kind],
  permission: { allow: 'runs', ask: 'is asked about', deny: 'is not run' },
  everything: 'every tool',
  allOf: (server: string) => `every tool of \`${server}\``,
  line: (what: string, permission: string, whom: string, by: string) =>
    `- ${what} **${permission}** ${whom}${by === '' ? '' : ` · by ${by}`}`,
  set: (line: string) => `Noted:\n${line}`,
  removed: (count: number) => (count === 0 ? 'There was nothing to take back.' : `Taken back: ${count}.`),
  title: 'The rules that hold here, the strongest first:',
  none: 'No rule holds here.',
  byDefault:
    'Where none fits: what `servers.config.json` says, else what only reads runs, and all else is asked about. `/tools` shows what that comes to for you.',
  approvedTitle: 'What you have approved beyond one call:',
  approvedHere: 'in this chat',
  approvedAlways: 'everywhere',
  mark: { allow: '', ask: '❓ asks first', deny: '⛔ not for you' },
  auditTitle: 'What was called last, the newest first:',
  auditEmpty: 'Nothing that fits is in the audit log.',
  auditUsage: 'Write `/audit [how many] [server.tool]`.',
  auditHere: 'Others read here too, so this is only what happened in this very place; ask me in a private chat for all.',
  decision: {
    rule: 'allowed',
    earlier: 'approved earlier',
    admin: 'allowed to an admin',
    yes: 'approved',
    deny: 'denied by a rule',
    no: 'refused',
    nobody: 'nobody answered',
    unasked: 'nobody could be asked',
    unshown: 'too long to be shown',
    stranger: 'pressed a button of somebody else',
  },
  outcome: {
    ok: 'went well',
    empty: 'found nothing',
    failed: 'failed',
    'timed-out': 'took too long',
    'not-permitted': 'not permitted',
    'needs-sign-in': 'wants a sign-in',
    unavailable: 'not available',
    'cut-off': 'cut off',
  },
  by: (name: string) => `by ${name}`,
}
