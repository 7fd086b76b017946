/** What is noticed while one entry is read. A problem disables it. */
export interface Notes {
  /** Where the entry stands: `mcpServers.files`. */
  at: string
  problems: string[]
  warnings: string[]
}
