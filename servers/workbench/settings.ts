import { accessSync, constants, mkdirSync, realpathSync, statSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { basename, join, resolve } from 'node:path'

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

/** What runs whatever it is told, writes where it is told, or speaks with others, and so would make the list of allowed programs worth nothing. */
const runners = new Set(
  [
    'busybox toybox env xargs find fd fdfind parallel sudo su doas pkexec runuser nohup setsid setpriv timeout nice ionice chrt',
    'taskset stdbuf time watch strace ltrace gdb flock script expect unbuffer rlwrap tmux screen start-stop-daemon run-parts capsh',
    'node nodejs deno bun npm npx yarn pnpm perl tclsh wish expect java javac jshell go cargo rustc gcc cc tcc clang make cmake',
    'ninja gem bundle irb mvn gradle ghci R Rscript julia octave gnuplot guile ocaml elixir iex erl swift dotnet mono m4 bc dc jq',
    'ed red ex vi vim view nvim nano pico emacs sed less more most man pager sqlite3 psql mysql mariadb redis-cli mongo mongosh',
    'tar bsdtar cpio zip unzip 7z ar rsync split csplit gpg openssl git hg svn ssh sftp ftp lftp telnet scp curl wget nc ncat netcat',
    'socat tcpdump mail sendmail docker podman kubectl nerdctl chroot unshare nsenter ip systemctl journalctl service crontab at batch',
    'tee dd cp mv ln rm rmdir install truncate shred mkfifo mknod chmod chown chgrp chattr setfacl mount umount kill pkill killall',
    'apt apt-get dpkg yum dnf rpm apk pip pip3 snap flatpak reboot shutdown',
  ].flatMap(line => line.split(' ')),
)
const runnersByName =
  /(sh|awk)$|^c(89|99)|^(python|ruby|php|lua|perl|node|gcc|clang|g\+\+|c\+\+|ld|vim)[\d.-]*$|^ld-linux|^linux(32|64)$/

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
  const path = folders.map(folder => join(folder, name)).find(isExecutable)
  if (isRunner(name) || (path !== undefined && isAliasOfRunner(path)))
    throw new Error(`RUN_COMMANDS may not have "${name}": it can run other programs, call addresses, or change or send files`)
  if (path === undefined) throw new Error(`RUN_COMMANDS has "${name}", which is not in ${folders.join(', ')}`)
  return path
}

const isRunner = (name: string) => runners.has(name) || runnersByName.test(name)

/** As `editor` often is one of vim. Where all programs are one (BusyBox, uutils), the name alone says what it does. */
export function isAliasOfRunner(path: string): boolean {
  const real = basename(realpathSync(path))
  return isRunner(real) && !/^(busybox|toybox|coreutils)$/.test(real)
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
