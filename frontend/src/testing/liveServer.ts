// A test server that speaks `GET /api/v1/live`: it records each request and streams what a test tells it to.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type LocalServer, listen } from './httpServer'

export interface LiveServer extends LocalServer {
  readonly requests: IncomingMessage[]
  /** Answer each further request so, instead of streaming. */
  answer: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
  /** Send to all who are connected. */
  send(event: string, data: unknown, id?: string): void
  comment(): void
  /** End all streams, as a server that stops does. */
  hangUp(): void
}

export async function startLiveServer(greet: (server: LiveServer) => void): Promise<LiveServer> {
  const streams = new Set<ServerResponse>()
  const requests: IncomingMessage[] = []
  const local = await listen((request, response) => {
    requests.push(request)
    if (server.answer?.(request, response)) return
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    streams.add(response)
    response.on('close', () => streams.delete(response))
    greet(server)
  })
  const write = (text: string) => {
    for (const stream of streams) stream.write(text)
  }
  const server: LiveServer = Object.assign(local, {
    requests,
    answer: undefined,
    send: (event: string, data: unknown, id?: string) =>
      write(`event: ${event}\n${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`),
    comment: () => write(': keep-alive\n\n'),
    hangUp: () => {
      for (const stream of streams) stream.end()
    },
  })
  return server
}
