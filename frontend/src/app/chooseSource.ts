// Which server the live state comes from: Supabase where the build names one, else our API.
import { ApiStream } from '@/api/apiStream'
import type { LiveSource } from '@/api/liveSource'

export interface BuildSettings {
  readonly VITE_SUPABASE_URL?: string
  readonly VITE_SUPABASE_ANON_KEY?: string
}

/** The environment that the page's address asks for (`?environment=`), or undefined for the server's own. */
export function environmentOf(search: string): string | undefined {
  return new URLSearchParams(search).get('environment')?.trim() || undefined
}

export async function chooseSource(settings: BuildSettings, search: string): Promise<LiveSource> {
  const environment = environmentOf(search)
  const { VITE_SUPABASE_URL: url, VITE_SUPABASE_ANON_KEY: anonKey } = settings
  if (url && anonKey) {
    // Loaded on demand: supabase-js is as large as all the rest together.
    const { SupabaseRealtime } = await import('@/api/supabaseRealtime')
    return new SupabaseRealtime({ url, anonKey, environment: environment ?? 'default' })
  }
  const query = environment === undefined ? '' : `?${new URLSearchParams({ environment })}`
  return new ApiStream(`/api/v1/live${query}`)
}
