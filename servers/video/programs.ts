import { accessSync, constants } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

const privateFolder = join(import.meta.dirname, '../../.runtime/bin')

/** The path of a program: in PATH, else where `script/bootstrap --media` unpacks it. Throws with how to install it. */
export function findProgram(name: 'yt-dlp' | 'ffmpeg' | 'ffprobe'): string {
  const found = [...(process.env['PATH'] ?? '').split(delimiter), privateFolder]
    .filter(folder => folder !== '')
    .map(folder => join(folder, name))
    .find(isExecutable)
  if (found === undefined)
    throw new Error(
      `${name} is not installed here: the operator runs "sh script/bootstrap --media", or installs ffmpeg and yt-dlp`,
    )
  return found
}

/** What a program gets to see: where programs are, and a home of its own; no key, no proxy. */
export function environmentIn(home: string): Record<string, string> {
  return { PATH: `${process.env['PATH'] ?? ''}${delimiter}${dirname('/bin/sh')}`, HOME: home, TMPDIR: home, LANG: 'C.UTF-8' }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
