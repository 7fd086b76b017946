import { accessSync, constants, mkdirSync, realpathSync, statSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'

export interface Settings {
  /** Where commands run, and whose files are looked at; a real path. */
  folder: string
  /** The programs that may be run: name → path. Empty: run_command is off. */
  commands: Map<string, string>
  timeoutMs: number
  searxng: string | undefined
  braveKey: string | undefined
  braveUrl: string
  allowedHosts: string[]
}

/** What runs whatever it is told, and so would make the list of allowed programs worth nothing. */
const runners =
  /^(.*sh|busybox|toybox|env|xargs|find|sudo|su|doas|nohup|setsid|timeout|nice|time|watch|parallel|strace|gdb|node|deno|bun|npm|npx|python.*|perl|ruby|php|lua.*|tclsh|[gmn]?awk|sed|vim?|nvim|emacs|less|more|man|make|gcc|cc|tar|zip|rsync|ssh|scp|curl|wget|nc|ncat|socat|docker|podman|kubectl|chroot|unshare|nsenter|systemctl|crontab|at|git|tee|dd|cp|mv|ln|rm|install|chmod|chown|mount|kill|pkill|killall)$/

const folders = ['/usr/local/bin', '/usr/bin', '/bin']

/** Throws with one sentence when something is wrong. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const folder = resolve(env['WORKBENCH_DIR'] || join(tmpdir(), `bellhop-workbench-${userInfo().uid}`))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!statSync(folder).isDirectory()) throw new Error('WORKBENCH_DIR is no folder')
  const seconds = Number(env['RUN_SECONDS'] || 10)
  if (!(seconds > 0)) throw new Error('RUN_SECONDS must be a number above 0')
  return {
    folder: realpathSync(folder),
    commands: new Map(list(env['RUN_COMMANDS']).map(name => [name, pathOf(name)])),
    timeoutMs: seconds * 1000,
    searxng: env['SEARXNG_URL'] || undefined,
    braveKey: env['BRAVE_API_KEY'] || undefined,
    braveUrl: env['BRAVE_URL'] || 'https://api.search.brave.com',
    allowedHosts: list(env['ALLOW_PRIVATE_HOSTS']),
  }
}

function pathOf(name: string): string {
  if (!/^[\w.+-]+$/.test(name)) throw new Error(`RUN_COMMANDS takes names of programs with commas between, not "${name}"`)
  if (runners.test(name))
    throw new Error(`RUN_COMMANDS may not have "${name}": it can run other programs, call addresses, or change or send files`)
  const path = folders.map(folder => join(folder, name)).find(isExecutable)
  if (path === undefined) throw new Error(`RUN_COMMANDS has "${name}", which is not in ${folders.join(', ')}`)
  return path
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function list(text = ''): string[] {
  return text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
}
