// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { aSnapshot } from '@/testing/snapshot'
import { type Row, type SupabaseServer, startSupabaseServer } from '@/testing/supabaseServer'
import type { LiveState } from './liveSource'
import { SupabaseRealtime } from './supabaseRealtime'

const FAST = {
  staleAfterMs: 400,
  giveUpAfterMs: 1000,
  checkEveryMs: 20,
  firstPauseMs: 10,
  longestPauseMs: 50,
}
const CALM = { ...FAST, staleAfterMs: 60_000 }

let server: SupabaseServer
let source: SupabaseRealtime
let end: () => void
let connections: LiveState['connection'][]

function follow(timing = CALM, environment = 'default') {
  const transport = WebSocket as unknown as typeof globalThis.WebSocket
  const settings = { url: server.url, anonKey: 'anon', environment, transport, reconnectAfterMs: () => 20 }
  source = new SupabaseRealtime(settings, timing)
  connections = []
  end = source.subscribe(({ connection }) => connections.push(connection))
}

function row(id: string, environment = 'default'): Row {
  const snapshot = { ...aSnapshot(Date.now()), id, environment }
  return { id, timestamp: snapshot.timestamp, environment, snapshot }
}

const until = (connection: LiveState['connection']) =>
  vi.waitFor(() => expect(source.state().connection).toBe(connection), { timeout: 5000, interval: 5 })
const untilShown = (id: string) =>
  vi.waitFor(() => expect(source.state().snapshot?.id).toBe(id), { timeout: 5000, interval: 5 })

beforeEach(async () => {
  server = await startSupabaseServer()
})

afterEach(async () => {
  end()
  server.cut()
  await server.close()
})

describe('the Supabase source', () => {
  it('shows the newest row of its environment when it has subscribed', async () => {
    server.insert(row('elsewhere', 'staging'))
    server.insert(row('first'))
    follow()
    expect(source.state().connection).toBe('connecting')
    await untilShown('first')
    expect(source.state()).toMatchObject({ connection: 'live', error: undefined })
  })

  it('asks Realtime for id and timestamp of its environment’s inserts only, and fetches each row by its id', async () => {
    server.insert(row('first'))
    follow()
    await untilShown('first')
    expect(server.joins).toEqual([
      {
        event: 'INSERT',
        schema: 'public',
        table: 'system_snapshots',
        filter: 'environment=eq.default',
        select: ['id', 'timestamp'],
      },
    ])
    // A row that comes while the newest is being asked for is not asked for by itself: tell of several.
    const byId = () =>
      server.restQueries.find(({ searchParams }) => searchParams.get('id')?.startsWith('eq.told'))
    let told = 0
    await vi.waitFor(
      () => {
        told += 1
        server.insert(row(`told-${told}`))
        expect(byId()?.searchParams.get('select')).toBe('snapshot')
      },
      { timeout: 4000, interval: 50 },
    )
    await untilShown(`told-${told}`)
  })

  it('keeps an environment’s name whole in the filter', async () => {
    server.insert(row('first', 'eu, "blue"'))
    follow(CALM, 'eu, "blue"')
    await untilShown('first')
    expect(server.joins[0]?.filter).toBe('environment=eq."eu, \\"blue\\""')
  })

  it('comes back after the connection is lost, with what was stored meanwhile', async () => {
    server.insert(row('first'))
    follow()
    await untilShown('first')
    server.insert(row('missed'), true)
    server.cut()
    await untilShown('missed')
    expect(connections).toContain('reconnecting')
    expect(source.state()).toMatchObject({ connection: 'live', error: undefined })
    await vi.waitFor(() => expect(server.joins).toHaveLength(2))
    server.insert(row('third'))
    await untilShown('third')
  })

  it('is stale without new rows, and finds a row that Realtime did not tell of', async () => {
    server.insert(row('first'))
    follow(FAST)
    await untilShown('first')
    await vi.waitFor(() => expect(connections).toContain('stale'), { timeout: 4000 })
    server.insert(row('untold'), true)
    await untilShown('untold')
    await vi.waitFor(() => expect(source.state().snapshot?.id).toBe('untold'))
  })

  it('never goes back to an older snapshot', async () => {
    const older = row('older')
    older.snapshot = { ...aSnapshot(Date.now() - 60_000), id: 'older' }
    server.insert(row('newest'))
    follow()
    await untilShown('newest')
    const asked = server.restQueries.length
    server.insert(older)
    await vi.waitFor(() => expect(server.restQueries.length).toBeGreaterThan(asked))
    server.insert(row('last'))
    await untilShown('last')
    expect(source.state().snapshot?.id).toBe('last')
  })

  it('says that nothing is stored yet', async () => {
    follow()
    await vi.waitFor(() => expect(source.state().error).toContain('No snapshot is stored yet'))
    expect(source.state().connection).toBe('connecting')
    server.insert(row('first'))
    await until('live')
  })

  it('says that its key is refused', async () => {
    server.restStatus = 401
    follow()
    await until('unauthorised')
    expect(source.state().error).toContain('refused the key')
    expect('authorise' in source).toBe(false)
  })

  it('is reconnecting while rows cannot be read', async () => {
    server.restStatus = 400
    follow(FAST)
    await until('reconnecting')
    server.restStatus = 200
    server.insert(row('first'))
    await untilShown('first')
  })
})
