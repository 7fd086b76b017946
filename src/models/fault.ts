/** What went wrong inside an answer that began well; `explain` says it with the endpoint's name. */
export class Fault extends Error {
  override name = 'Fault'
  /** `broken`: the stream stopped or made no sense; asking once more may help. `error`: the endpoint said so itself. */
  readonly kind: 'html' | 'broken' | 'error'
  readonly status: number | undefined
  readonly code: string | undefined
  constructor(kind: Fault['kind'], message: string, more: { status?: number | undefined; code?: string | undefined } = {}) {
    super(message)
    this.kind = kind
    this.status = more.status
    this.code = more.code
  }
}
