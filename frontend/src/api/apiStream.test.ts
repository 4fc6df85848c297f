// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type LiveServer, startLiveServer } from '@/testing/liveServer'
import { aSnapshot } from '@/testing/snapshot'
import { ApiStream } from './apiStream'
import type { Activity, LiveState } from './liveSource'

const FAST = { staleAfterMs: 300, giveUpAfterMs: 700, checkEveryMs: 20, firstPauseMs: 10, longestPauseMs: 50 }
/** For what must not become stale on a busy machine. */
const CALM = { ...FAST, staleAfterMs: 60_000, giveUpAfterMs: 60_000 }

let server: LiveServer
let source: ApiStream
let ends: (() => void)[]
let seen: LiveState[]

const sendState = (to: LiveServer) => to.send('state', aSnapshot(Date.now()), '1:1')
const start = (greet: (server: LiveServer) => void = sendState, timing = CALM) =>
  startLiveServer(greet).then((started) => {
    server = started
    source = new ApiStream(`${server.url}/api/v1/live`, timing)
    ends.push(source.subscribe((state) => seen.push(state)))
  })
const until = (connection: LiveState['connection']) =>
  vi.waitFor(() => expect(source.state().connection).toBe(connection), { timeout: 5000, interval: 5 })

beforeEach(() => {
  ends = []
  seen = []
})

afterEach(async () => {
  for (const end of ends) end()
  await server.close()
})

describe('the API stream', () => {
  it('is connecting without a snapshot, and live with the first state', async () => {
    await start()
    expect(seen[0]).toMatchObject({ connection: 'connecting', snapshot: undefined })
    await until('live')
    expect(source.state().snapshot?.agents).toHaveLength(4)
    expect(source.state().error).toBeUndefined()
  })

  it('applies patches and ticks as they come', async () => {
    await start()
    await until('live')
    const now = new Date().toISOString()
    const base = { environment: 'default', generation: 1, at: now }
    server.send('patch', {
      ...base,
      type: 'change',
      sequence: 2,
      set: [],
      remove: [['agent', ['writer-agent']]],
    })
    server.send('tick', { ...base, type: 'tick', sequence: 2, tick: now, snapshot_id: 'second' })
    await vi.waitFor(() => expect(source.state().snapshot?.id).toBe('second'))
    expect(source.state().snapshot?.agents.map((agent) => agent.name)).not.toContain('Writer')
    expect(source.state().lastTickAt).toBe(Date.parse(now))
  })

  it('keeps the newest 200 events and calls, each once', async () => {
    await start()
    await until('live')
    let activity: readonly Activity[] = []
    ends.push(source.onActivity((newest) => (activity = newest)))
    const event = (id: number) => ['event', [`e${id}`], { event_type: 'warning' }]
    const set = Array.from({ length: 250 }, (_, id) => event(id))
    server.send('patch', { generation: 1, sequence: 2, set, remove: [] })
    server.send('patch', { generation: 1, sequence: 3, set: [event(249), event(250)], remove: [] })
    await vi.waitFor(() => expect(activity.at(-1)?.id).toBe('e250'))
    expect(activity).toHaveLength(200)
    expect(new Set(activity.map(({ id }) => id)).size).toBe(200)
  })

  it('connects again when the server goes, and keeps the last state on the screen meanwhile', async () => {
    await start()
    await until('live')
    server.answer = (_request, response) => {
      response.writeHead(503, { 'content-type': 'application/problem+json' })
      response.end('{"title": "Service Unavailable", "detail": "The broker does not answer."}')
      return true
    }
    server.hangUp()
    await vi.waitFor(() => expect(source.state().error).toBe('The broker does not answer.'))
    expect(source.state()).toMatchObject({ connection: 'reconnecting' })
    expect(source.state().snapshot?.agents).toHaveLength(4)
    server.answer = undefined
    await until('live')
  })

  it('asks for a key when the server does, and sends it in a header only', async () => {
    await startLiveServer(sendState).then((started) => (server = started))
    server.answer = (request, response) => {
      if (request.headers.authorization === 'Bearer secret') return false
      response.writeHead(401, { 'content-type': 'application/problem+json' })
      response.end('{"title": "Unauthorized", "detail": "An API key is needed."}')
      return true
    }
    source = new ApiStream(`${server.url}/api/v1/live?environment=default`, CALM)
    ends.push(source.subscribe(() => undefined))
    await until('unauthorised')
    expect(source.state().error).toBe('An API key is needed.')
    const asked = server.requests.length
    source.authorise('“secret”')
    await vi.waitFor(() => expect(source.state().error).toContain('characters'))
    expect(source.state().connection).toBe('unauthorised')
    source.authorise('secret')
    await until('live')
    expect(server.requests).toHaveLength(asked + 1)
    expect(server.requests.at(-1)?.url).toBe('/api/v1/live?environment=default')
    expect(JSON.stringify(server.requests.map(({ url }) => url))).not.toContain('secret')
  })

  it('is stale when nothing comes, and connects anew when nothing comes for long', async () => {
    await start(sendState, FAST)
    await until('live')
    await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(1), { timeout: 5000 })
    const silent = seen.filter(({ error }) => error?.startsWith('Nothing comes from the server'))
    expect(silent.map(({ connection }) => connection)).toContain('stale')
    await until('live')
  })

  it('is stale when comments come and ticks do not', async () => {
    await start(sendState, { ...FAST, giveUpAfterMs: 60_000 })
    await until('live')
    const beat = setInterval(() => server.comment(), 20)
    ends.push(() => clearInterval(beat))
    await until('stale')
    expect(source.state().error).toContain('aggregator')
    expect(server.requests).toHaveLength(1)
  })

  it('says that the server waits, and that the aggregator catches up', async () => {
    await start((to) =>
      to.send('status', { status: 'waiting', message: 'The first snapshot is on its way.' }),
    )
    await vi.waitFor(() => expect(source.state().error).toBe('The first snapshot is on its way.'))
    expect(source.state().connection).toBe('connecting')
    server.send('status', { status: 'catching_up', message: 'Catching up from 14:20.' })
    await until('catching_up')
    sendState(server)
    await until('live')
  })

  it('reads the time of the newest tick by the server’s clock', async () => {
    const ahead = Date.now() + 3_600_000
    await startLiveServer(() => undefined).then((started) => (server = started))
    server.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', date: new Date(ahead).toUTCString() })
      response.write(`event: state\nid: 1:1\ndata: ${JSON.stringify(aSnapshot(ahead))}\n\n`)
      return true
    }
    source = new ApiStream(server.url, CALM)
    ends.push(source.subscribe(() => undefined))
    await until('live')
    expect(Math.abs((source.state().lastTickAt ?? 0) - Date.now())).toBeLessThan(5000)
  })

  it('reports what is no snapshot, and an address that has no stream', async () => {
    await start((to) => to.send('state', 'not a snapshot'))
    await vi.waitFor(() => expect(source.state().error).toContain('not a snapshot'))
    server.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end('<p>hello</p>')
      return true
    }
    await vi.waitFor(() => expect(source.state().error).toContain('not with a live stream'))
  })

  it('closes the connection with the last listener, and opens one for any number of them', async () => {
    await start()
    ends.push(source.subscribe(() => undefined))
    await until('live')
    expect(server.requests).toHaveLength(1)
    const closed = new Promise((resolve) => server.requests[0]?.on('close', resolve))
    for (const end of ends.splice(0)) end()
    await closed
  })
})
