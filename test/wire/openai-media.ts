import type { IncomingMessage } from 'node:http'

/** What was sent to `/audio/transcriptions`. */
export interface WireRecording {
  model: string
  name: string
  type: string
  bytes: number
}

/** Reads the form. Throws where OpenAI would refuse it. */
export async function readRecording(request: IncomingMessage): Promise<WireRecording> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  const headers = { 'content-type': request.headers['content-type'] ?? '' }
  const form = await new Response(Buffer.concat(pieces), { headers }).formData()
  const file = form.get('file')
  if (!(file instanceof File)) throw new Error("there is no 'file'")
  if (!/\.(flac|mp3|mp4|m4a|ogg|wav|webm)$/.test(file.name)) throw new Error(`unrecognized file format: ${file.name}`)
  return { model: String(form.get('model')), name: file.name, type: file.type, bytes: file.size }
}

export interface WirePicture {
  /** Of the message that it is in. */
  role: string
  url: string
}

type Part = { type: string; image_url?: { url: string } }

/** Every picture of a request, in order. */
export function picturesIn(messages: { role: string; content: unknown }[]): WirePicture[] {
  return messages.flatMap(({ role, content }) => {
    const parts = Array.isArray(content) ? (content as Part[]) : []
    return parts.flatMap(({ image_url }) => (image_url ? [{ role, url: image_url.url }] : []))
  })
}
