import type { CallToolRequestOptions, CallToolResult, Client, Tool } from '@modelcontextprotocol/client'
import type { ServerConfig } from '../config/servers.ts'
import type { CallOptions } from '../toolbox.ts'
import { tidy } from './clean.ts'
import type { Connection } from './connection.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import { callFault } from './faults.ts'
import type { Line } from './line.ts'
import { brokenPromise } from './output.ts'
import { remarkKey } from './result.ts'
import { attempt } from './retry.ts'

/** Tells the operator something that he may want to know, once. */
export type WarnOnce = (facts: object, event: string) => void

export interface Calls {
  call(tool: Tool, input: Record<string, unknown>, options: CallOptions): Promise<CallToolResult>
  /**
   * Stops the clocks of the calls that are under way, until what is returned is called: for while a person is asked on behalf of one of
   * them. Which one it is, a server does not say.
   */
  hold(): () => void
}

interface CallsDeps {
  line: Line<Connection>
  config: ServerConfig
  trusted: boolean
  warnOnce: WarnOnce
  /** Aborted when the session is closed. */
  ended: AbortSignal
}

/** The calls of one session, each within a deadline of its own. */
export function createCalls({ line, config, trusted, warnOnce, ended }: CallsDeps): Calls {
  const running = new Set<Deadline>()
  return {
    async call(tool, input, options) {
      const { readOnlyHint, idempotentHint } = tool.annotations ?? {}
      const repeatable = trusted && (readOnlyHint === true || idempotentHint === true)
      const deadline = startDeadline(config.callMs, config.maxCallMs, AbortSignal.any([options.signal, ended]))
      running.add(deadline)
      const use = (client: Client) => client.callTool({ name: tool.name, arguments: input }, request(tool, deadline, options))
      try {
        return remark(tool, await deadline.race(attempt(line, use, { deadline, repeatable })), warnOnce)
      } catch (error) {
        throw deadline.signal.aborted ? deadline.signal.reason : callFault(error, config)
      } finally {
        running.delete(deadline)
        deadline.end()
      }
    },
    hold() {
      const held = [...running]
      for (const deadline of held) deadline.pause()
      return () => {
        for (const deadline of held.splice(0)) deadline.resume()
      }
    },
  }
}

/** A setTimeout longer than this fires at once. The SDK's clock is not ours: its total is not kept, and silence ends it. */
const maxTimerMs = 2 ** 31 - 1
/** Of what a server says about its progress. */
const maxMessageChars = 500

function request(tool: Tool, deadline: Deadline, { onProgress }: CallOptions): CallToolRequestOptions {
  return {
    signal: deadline.signal,
    timeout: maxTimerMs,
    toolDefinition: tool,
    onprogress({ progress, total, message }) {
      deadline.touch()
      const said = message === undefined ? {} : { message: tidy(message, maxMessageChars) }
      onProgress({ done: progress, ...(total === undefined ? {} : { total }), ...said })
    },
  }
}

/** A result that is not what the tool promised is still a result; who reads it is told. */
function remark(tool: Tool, result: CallToolResult, warnOnce: WarnOnce): CallToolResult {
  const broken = brokenPromise(tool, result)
  if (broken === undefined) return result
  warnOnce({ tool: tool.name, broken }, 'mcp tool breaks its output schema')
  if (result.structuredContent === undefined) return result
  const words = `the structured content is not what the tool promised: ${broken}`
  return { ...result, _meta: { ...result._meta, [remarkKey]: words } }
}
