import { describe, expect, it } from 'vitest'
import { ApiStream } from '@/api/apiStream'
import { SupabaseRealtime } from '@/api/supabaseRealtime'
import { chooseSource, environmentOf } from './chooseSource'

describe('the live source', () => {
  it('is Supabase when the build names its address and key', async () => {
    const settings = { VITE_SUPABASE_URL: 'https://example.invalid', VITE_SUPABASE_ANON_KEY: 'anon' }
    expect(await chooseSource(settings, '')).toBeInstanceOf(SupabaseRealtime)
  })

  it('is the API stream otherwise, also when only one of them is set', async () => {
    expect(await chooseSource({}, '')).toBeInstanceOf(ApiStream)
    expect(await chooseSource({ VITE_SUPABASE_URL: 'https://example.invalid' }, '')).toBeInstanceOf(ApiStream)
  })

  it('is asked for the environment that the address of the page names', () => {
    expect(environmentOf('?environment=staging')).toBe('staging')
    expect(environmentOf('?environment=%20')).toBeUndefined()
    expect(environmentOf('')).toBeUndefined()
  })
})
