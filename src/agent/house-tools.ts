import { Parked } from '../errors.ts'
import { reason } from '../log.ts'
import type { Tool } from '../model.ts'
import type { CallOptions, Toolbox, ToolResult } from '../toolbox.ts'

/** A tool of the house itself, beside those of the servers. */
export interface HouseTool {
  tool: Tool
  /** Absent: always. */
  isOffered?(): boolean
  call(input: Record<string, unknown>, options: CallOptions): Promise<ToolResult>
}

/** The toolbox with tools of the house behind the others, which win where a name is taken. What one throws, but for Parked, is a failed result. */
export function withHouseTools(toolbox: Toolbox, tools: HouseTool[]): Toolbox {
  const find = (name: string) => (toolbox.resolve(name) ? undefined : tools.find(({ tool }) => tool.name === name))
  let last: { theirs: Tool[]; ours: Tool[]; all: Tool[] } | undefined
  return {
    ...toolbox,
    list() {
      const theirs = toolbox.list()
      const ours = tools.filter(({ tool, isOffered }) => (isOffered?.() ?? true) && find(tool.name)).map(({ tool }) => tool)
      const isSame =
        last?.theirs === theirs && last.ours.length === ours.length && last.ours.every((tool, at) => tool === ours[at])
      if (!last || !isSame) last = { theirs, ours, all: [...theirs, ...ours] } // a turn asks for it many times, and there may be thousands
      return last.all
    },
    resolve: name => find(name)?.tool ?? toolbox.resolve(name),
    async call(name, input, options) {
      const found = find(name)
      return found ? found.call(input, options).catch(toResult) : toolbox.call(name, input, options)
    },
  }
}

function toResult(error: unknown): ToolResult {
  if (error instanceof Parked) throw error
  return { ok: false, text: reason(error) }
}
