// A test server that speaks Supabase's Realtime protocol (version 2.0.0, JSON arrays) and answers REST queries
// for rows of `system_snapshots`, as far as the dashboard asks for them.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { type LocalServer, listen } from './httpServer'

export interface Row {
  id: string
  timestamp: string
  environment: string
  snapshot: unknown
}

type Frame = [joinRef: string | null, ref: string | null, topic: string, event: string, payload: Payload]
interface Payload {
  config?: { postgres_changes: Record<string, unknown>[] }
}

export interface SupabaseServer extends LocalServer {
  readonly rows: Row[]
  readonly joins: Record<string, unknown>[]
  readonly restQueries: URL[]
  /** Answer REST with this status instead of rows. */
  restStatus: number
  /** Store a row; tell it unless `silently`. */
  insert(row: Row, silently?: boolean): void
  /** Cut all WebSockets. */
  cut(): void
}

const CHANGE_ID = 4711

export async function startSupabaseServer(): Promise<SupabaseServer> {
  const rows: Row[] = []
  const joins: Record<string, unknown>[] = []
  const restQueries: URL[] = []
  const members = new Map<WebSocket, { joinRef: string | null; topic: string }>()

  const local = await listen((request, response) => answerRest(server, request, response))
  const sockets = new WebSocketServer({ noServer: true })
  local.server.on('upgrade', (request, socket, head) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', local.url)
    if (pathname !== '/realtime/v1/websocket' || searchParams.get('vsn') !== '2.0.0') return socket.destroy()
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('message', (data) => hear(client, JSON.parse(String(data)) as Frame))
      client.on('close', () => members.delete(client))
    })
  })

  function hear(client: WebSocket, [joinRef, ref, topic, event, { config }]: Frame) {
    const say = (kind: string, payload: unknown, to = ref) =>
      client.send(JSON.stringify([joinRef, to, topic, kind, payload]))
    if (event !== 'phx_join') return say('phx_reply', { status: 'ok', response: {} })
    const wanted = config?.postgres_changes ?? []
    joins.push(...wanted)
    members.set(client, { joinRef, topic })
    say('phx_reply', {
      status: 'ok',
      response: { postgres_changes: wanted.map((one) => ({ ...one, id: CHANGE_ID })) },
    })
    const message = 'Subscribed to PostgreSQL'
    say('system', { status: 'ok', extension: 'postgres_changes', channel: topic, message }, null)
  }

  function tell({ id, timestamp }: Row) {
    const change = {
      type: 'INSERT',
      schema: 'public',
      table: 'system_snapshots',
      commit_timestamp: new Date().toISOString(),
      columns: [
        { name: 'id', type: 'uuid' },
        { name: 'timestamp', type: 'timestamptz' },
      ],
      record: { id, timestamp },
      errors: null,
    }
    for (const [client, { joinRef, topic }] of members) {
      client.send(
        JSON.stringify([joinRef, null, topic, 'postgres_changes', { ids: [CHANGE_ID], data: change }]),
      )
    }
  }

  const server: SupabaseServer = Object.assign(local, {
    rows,
    joins,
    restQueries,
    restStatus: 200,
    insert(row: Row, silently = false) {
      rows.push(row)
      if (!silently) tell(row)
    },
    cut() {
      for (const client of sockets.clients) client.terminate()
    },
  })
  return server
}

function answerRest(server: SupabaseServer, request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? '/', server.url)
  server.restQueries.push(url)
  response.writeHead(server.restStatus, { 'content-type': 'application/json' })
  if (server.restStatus !== 200) return response.end('{"message": "refused", "code": "0"}')
  const asked = (column: string) => url.searchParams.get(column)?.replace(/^eq\./, '')
  const found = server.rows
    .filter(({ id }) => (asked('id') ?? id) === id)
    .filter(({ environment }) => (asked('environment') ?? environment) === environment)
    .toSorted((left, right) => right.timestamp.localeCompare(left.timestamp))
    .slice(0, Number(asked('limit') ?? server.rows.length))
  return response.end(JSON.stringify(found.map(({ snapshot }) => ({ snapshot }))))
}
