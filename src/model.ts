/** One entry of the transcript that the model reads and that history keeps. */
export type Entry = UserEntry | { role: 'assistant'; text: string; calls: ToolCall[] } | ToolEntry

export interface UserEntry {
  role: 'user'
  text: string
  /** What came with it; never kept. */
  pictures?: Picture[]
}

/** What came back of a call. */
export interface ToolEntry {
  role: 'tool'
  callId: string
  name: string
  text: string
  ok: boolean
  /** What the house makes of it; absent in what was kept before it did. */
  outcome?: Outcome
  /** What the house has to say of it to the model, which nothing in the text can say in its place. */
  remark?: string
  /** What it returned beside words. */
  files?: KeptFile[]
  /** The same as data, where a program asked for it. */
  structured?: Record<string, unknown>
  /** Those of the files that the model is shown now; never kept. */
  pictures?: Picture[]
}

export type SourceState = 'ok' | 'empty' | 'failed' | 'timed-out' | 'not-permitted' | 'needs-sign-in' | 'unavailable'

/** How one source answered, by the house's own judgement; in no language, so that every reader can be told in his. */
export interface Outcome {
  state: SourceState
  /** Of the items that it returned, where that can be told; never 0. */
  count?: number
  /** Of HTTP, as the server told it. */
  status?: number
  /** Why, in the server's own words: one line. */
  said?: string
  /** What would help: a name in `Words.sourceHelp`. */
  help?: string
  /** The house itself did not let it be called: a name in `Words.permits.why`. */
  refused?: string
  /** The tool as a person would name it: `twitter search`. */
  source: string
}

/** A picture for a model that can see: PNG, JPEG, GIF or WebP. It lives in prompts alone, its bytes in no journal and no history. */
export interface Picture {
  name: string
  mime: string
  data: Uint8Array
}

/** A file that a tool returned, its bytes in the file store under `id`. */
export interface KeptFile {
  id: string
  /** As in `OutFile`. */
  name: string
  mime: string
  bytes: number
  /** Its place among the files that follow the answer, 0 for the answer itself as a file; absent: only the model sees it. */
  number?: number
}

export interface ToolCall {
  /** Unique within the conversation; pairs the call with its result. */
  id: string
  name: string
  input: Record<string, unknown>
  /** What the model wrote in place of a JSON object, when it could not be read as one; `input` is then empty and the call must not run. */
  broken?: string
}

/** Whether a call is run, is run once a person has said yes to it, or is not run. */
export type Permission = 'allow' | 'ask' | 'deny'

/** Where the tools of the house itself belong to, in place of a server. */
export const houseServer = 'bellhop'

export interface Tool {
  /** At most 64 characters of `[A-Za-z0-9_-]`: the narrowest rule of all model endpoints. */
  name: string
  description: string
  /** JSON Schema of an object. */
  inputSchema: Record<string, unknown>
  /** JSON Schema of an object, which a result as data keeps to. No model is shown it. */
  outputSchema?: Record<string, unknown>
  /** What a person reads while it runs: "List tables". */
  label: string
  /** The MCP server that it belongs to; `houseServer`: the house's own. */
  server: string
  /** Whose server that is, as in `ServerStatus.owner`; absent: the house's. */
  owner?: string
  /** Running it twice does what running it once does, as its server says: a call whose fate is unknown may be made again. */
  repeatable: boolean
  /** Its server says that it changes nothing: a hint, no promise. */
  readOnly?: true
  /** What else its server says of it; absent where it says nothing. */
  destructive?: boolean
  openWorld?: boolean
  /** What holds where no rule of an admin does, as its operator's file says; absent: it is asked about. */
  permission?: Permission
}

export type ModelEvent =
  | { type: 'text'; delta: string }
  | { type: 'call'; call: ToolCall }
  /** `shortened`: of less than the prompt, which was too long for the model. */
  | { type: 'usage'; input: number; output: number; shortened?: true }
  /** Which model answers, where several may; `instead`: another one was asked first. */
  | { type: 'model'; name: string; instead: boolean }

export interface Prompt {
  /** The house's own instructions; the only text with authority. */
  system: string
  transcript: Entry[]
  /** Empty: the model must answer in words. */
  tools: Tool[]
  /** How long the answer may be, where somebody else has a say in it. */
  maxTokens?: number
  /** One of the tools must be called, or this one. */
  choice?: 'required' | { name: string }
  /** For the endpoint, by the names of OpenAI's API. */
  parameters?: Record<string, unknown>
}

/** A language model is a function from a transcript to a stream. A fake one is five lines. Throws ModelError. */
export type Model = (prompt: Prompt, signal: AbortSignal) => AsyncIterable<ModelEvent>

/** What is said in a recording, whose `name` has the ending of its format. Throws ModelError. */
export type Transcribe = (recording: { name: string; mime: string; data: Uint8Array }, signal: AbortSignal) => Promise<string>

/** A vector for each text; texts that mean the same point the same way. Throws ModelError. */
export type Embed = (texts: string[], signal: AbortSignal) => Promise<number[][]>
