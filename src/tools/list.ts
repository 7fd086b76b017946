import { houseServer, type Tool } from '../model.ts'

/** What is looked up in a list of tools. There may be thousands, and every step of every turn asks. */
export interface ToolLookup {
  /** Of those that have the same name the first. */
  byName: ReadonlyMap<string, Tool>
  /** The house's own. */
  ours: Tool[]
  /** Those of servers. */
  theirs: Tool[]
  ofServer: ReadonlyMap<string, Tool[]>
}

const lookups = new WeakMap<Tool[], ToolLookup>()

/** Kept as long as the list is: whoever has other tools hands out another list. */
export function lookUp(tools: Tool[]): ToolLookup {
  const known = lookups.get(tools)
  if (known) return known
  const made: ToolLookup = {
    byName: new Map(tools.toReversed().map(tool => [tool.name, tool])),
    ours: tools.filter(({ server }) => server === houseServer),
    theirs: tools.filter(({ server }) => server !== houseServer),
    ofServer: Map.groupBy(tools, ({ server }) => server),
  }
  lookups.set(tools, made)
  return made
}
