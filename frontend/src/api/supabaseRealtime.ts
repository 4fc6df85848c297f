// The live source of a stack without our API: Supabase's Realtime tells the id of each new snapshot, its REST
// gives the row. The document itself never travels over Realtime, whose messages are limited (DESIGN §5).
import { createClient, type SupabaseClient, type SupabaseClientOptions } from '@supabase/supabase-js'
import type { Snapshot } from './generated/oracleState'
import type { ActivityListener, LiveSource, LiveState, StateListener } from './liveSource'
import { LiveStore } from './liveStore'
import { clockOffset, TIMING, type Timing } from './timing'

const TABLE = 'system_snapshots'
const LOST = 'The connection to Supabase is lost; it is tried again.'
const NO_ROWS = 'No new snapshot is stored; the aggregator may be down.'
const NOT_ALLOWED = 'Supabase refused the key of this dashboard.'

/** The public table (SPEC §10), as far as the dashboard reads it. */
interface Database {
  public: {
    Tables: {
      system_snapshots: {
        Row: { id: string; timestamp: string; snapshot: Snapshot; environment: string }
        Insert: never
        Update: never
        Relationships: []
      }
    }
    Views: Record<never, never>
    Functions: Record<never, never>
  }
}

export interface SupabaseSettings {
  readonly url: string
  readonly anonKey: string
  readonly environment: string
  /** For Node, whose older versions have no WebSocket of their own. */
  readonly transport?: NonNullable<SupabaseClientOptions<'public'>['realtime']>['transport']
  readonly reconnectAfterMs?: (tries: number) => number
}

type Client = SupabaseClient<Database>
/** A row by its id, or the newest one. */
type Wanted = { id: string } | 'newest'

export class SupabaseRealtime implements LiveSource {
  private readonly settings: SupabaseSettings
  private readonly timing: Timing
  private readonly store = new LiveStore(
    () => this.start(),
    () => this.stop(),
  )
  private client: Client | undefined
  private watch: ReturnType<typeof setInterval> | undefined
  private wanted: Wanted | undefined
  private loading = false
  private askedAt = 0

  constructor(settings: SupabaseSettings, timing: Timing = TIMING) {
    this.settings = settings
    this.timing = timing
  }

  state(): LiveState {
    return this.store.state()
  }

  subscribe(listener: StateListener): () => void {
    return this.store.subscribe(listener)
  }

  /** Events and calls are not published by Realtime: this source has none. */
  onActivity(listener: ActivityListener): () => void {
    return this.store.onActivity(listener)
  }

  retry(): void {
    this.stop()
    if (this.store.listened) this.start()
  }

  private start(): void {
    const { url, anonKey, environment, transport, reconnectAfterMs } = this.settings
    const client = createClient<Database>(url, anonKey, {
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
      realtime: { ...(transport && { transport }), ...(reconnectAfterMs && { reconnectAfterMs }) },
    })
    this.client = client
    this.store.update({ connection: 'connecting', error: undefined })
    client
      .channel(`${TABLE}:${environment}`)
      .on<{ id: string }>(
        'postgres_changes',
        {
          event: 'INSERT',
          schema: 'public',
          table: TABLE,
          filter: `environment=eq.${quoted(environment)}`,
          select: ['id', 'timestamp'],
        },
        ({ new: row, commit_timestamp }) => {
          this.store.update({ clockOffsetMs: clockOffset(commit_timestamp, Date.now()) })
          this.want(client, { id: row.id })
        },
      )
      // Realtime says `ok` once the replication is ready: what was inserted before it would be missed.
      .on('system', {}, ({ status }) => {
        if (status === 'ok') this.want(client, 'newest')
      })
      .subscribe((status) => {
        if (this.client !== client) return
        if (status === 'SUBSCRIBED') this.want(client, 'newest')
        else this.store.update({ connection: 'reconnecting', error: LOST })
      })
    this.watch = setInterval(() => this.check(client), this.timing.checkEveryMs)
  }

  private stop(): void {
    const client = this.client
    this.client = undefined
    clearInterval(this.watch)
    this.wanted = undefined
    void client?.removeAllChannels()
  }

  /** Without a word for long, ask for the newest row: Realtime may be silent while snapshots are stored. */
  private check(client: Client): void {
    const { connection, lastTickAt } = this.store.state()
    const now = Date.now()
    const isOld = lastTickAt === undefined || now - lastTickAt > this.timing.staleAfterMs
    if (!isOld) return
    if (connection === 'live') this.store.update({ connection: 'stale', error: NO_ROWS })
    if (now - this.askedAt > this.timing.staleAfterMs) this.want(client, 'newest')
  }

  /** Load a row; while one is loading only the last one that was asked for is kept. */
  private want(client: Client, wanted: Wanted): void {
    if (this.client !== client) return
    this.wanted = wanted
    this.askedAt = Date.now()
    if (!this.loading) void this.load(client)
  }

  private async load(client: Client): Promise<void> {
    this.loading = true
    while (this.wanted !== undefined && this.client === client) {
      const wanted = this.wanted
      this.wanted = undefined
      const { data, error, status } = await this.fetchRow(client, wanted)
      if (this.client !== client) break
      if (error) this.refuse(status, error.message)
      else this.take(data?.snapshot)
    }
    this.loading = false
    // The source was stopped and started while a row was on its way: the new client's wish is still open.
    if (this.wanted !== undefined && this.client !== undefined) await this.load(this.client)
  }

  private fetchRow(client: Client, wanted: Wanted) {
    const rows = client.from(TABLE).select('snapshot')
    if (wanted !== 'newest') return rows.eq('id', wanted.id).maybeSingle()
    return rows
      .eq('environment', this.settings.environment)
      .order('timestamp', { ascending: false })
      .limit(1)
      .maybeSingle()
  }

  private take(snapshot: Snapshot | undefined): void {
    const shown = this.store.state().snapshot
    const isNews = snapshot && (!shown || Date.parse(snapshot.timestamp) >= Date.parse(shown.timestamp))
    const newest = isNews ? snapshot : shown
    if (newest === undefined) {
      this.store.update({ connection: 'connecting', error: 'No snapshot is stored yet.' })
      return
    }
    const lastTickAt = Date.parse(newest.timestamp) - this.store.state().clockOffsetMs
    const isOld = Date.now() - lastTickAt > this.timing.staleAfterMs
    this.store.update({
      snapshot: newest,
      lastTickAt,
      connection: isOld ? 'stale' : 'live',
      error: isOld ? NO_ROWS : undefined,
    })
  }

  private refuse(status: number, message: string): void {
    if (status === 401 || status === 403)
      this.store.update({ connection: 'unauthorised', error: NOT_ALLOWED })
    else this.store.update({ connection: 'reconnecting', error: `${LOST} (${message})` })
  }
}

/** Realtime splits a filter at commas; PostgREST's double quotes keep a value whole. */
function quoted(value: string): string {
  return /^[\w.-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`
}
