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
  return {
    ...toolbox,
    list() {
      const ours = tools.filter(({ tool, isOffered }) => (isOffered?.() ?? true) && find(tool.name))
      return ours.reduce((all, { tool }) => withOne(all, tool), toolbox.list())
    },
    resolve: name => find(name)?.tool ?? toolbox.resolve(name),
    async call(name, input, options) {
      const found = find(name)
      return found ? found.call(input, options).catch(toResult) : toolbox.call(name, input, options)
    },
  }
}

const joined = new WeakMap<Tool[], WeakMap<Tool, Tool[]>>()

/** The same list in every turn, as long as theirs is: what was made of it, as the index of a search, is found by it. */
function withOne(theirs: Tool[], ours: Tool): Tool[] {
  const known = joined.get(theirs) ?? new WeakMap<Tool, Tool[]>()
  const all = known.get(ours) ?? [...theirs, ours]
  joined.set(theirs, known.set(ours, all))
  return all
}

function toResult(error: unknown): ToolResult {
  if (error instanceof Parked) throw error
  return { ok: false, text: reason(error) }
}
