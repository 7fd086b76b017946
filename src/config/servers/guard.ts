import { basename } from 'node:path'

/** By which arguments programs take code instead of a file. */
const inlineCode: [RegExp, RegExp][] = [
  [/^(ba|da|z|k|a|fi)?sh$/, /^(-[a-z]*c|--command)$/],
  [/^(node|bun|deno)$/, /^(-[ep]|-pe|--eval|--print|eval)(=|$)/],
  [/^(python|pypy)[\d.]*$/, /^-[A-Za-z]*c/],
  [/^(perl|ruby)[\d.]*$/, /^-[a-zA-Z]*[eE]/],
  [/^php[\d.]*$/, /^-r/],
  [/^(npx|npm)$/, /^(-c|--call)(=|$)/],
  [/^cmd$/i, /^\/[ck]$/i],
  [/^(pwsh|powershell)$/i, /^-(c|command|e|ec|encodedcommand)$/i],
]

/** What no program is given: with a line break, one argument passes for two in whatever reads it by lines. */
const breaks = /[\0\r\n]/

/** Why the program may not be started at all; each the end of a sentence that begins with the entry's path. */
export function refusals(command: string, args: string[]): string[] {
  const problems = [
    ...(breaks.test(command) ? ['.command holds a line break or a zero byte'] : []),
    ...args.flatMap((arg, at) => (breaks.test(arg) ? [`.args[${at}] holds a line break or a zero byte`] : [])),
  ]
  if (!/^(docker|podman|nerdctl)$/.test(programOf(command))) return problems
  const line = args.join(' ')
  const opened = [
    ...(/(?:^| )(--privileged)(?!=false)(?= |=|$)/.exec(line)?.slice(1) ?? []),
    ...[...line.matchAll(/(?:^| )(--(?:network|net|pid)[= ]host)(?= |$)/g)].map(match => match[1] ?? ''),
  ]
  return [
    ...problems,
    ...opened.map(flag => ` gives ${programOf(command)} ${flag}, which opens this machine to it: take that away`),
  ]
}

/** Whether the program is given code on its command line, which nobody sees in a file. Only options before the first name count. */
export function takesInlineCode(command: string, args: string[]): boolean {
  const program = programOf(command)
  const option = inlineCode.find(([name]) => name.test(program))?.[1]
  if (!option) return false
  const first = args.findIndex(arg => !/^[-/]/.test(arg) && arg !== 'eval')
  return args.slice(0, first < 0 ? undefined : first).some(arg => option.test(arg))
}

function programOf(command: string): string {
  return basename(command.replaceAll('\\', '/')).replace(/\.(exe|cmd|bat)$/i, '')
}
