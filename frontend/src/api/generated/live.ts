/* Generated from schema/live.schema.json by `npm run generate`; do not edit. */

export type LiveMessage = Change | TickMessage | Reload

/**
 * What changed since the previous sequence: whole entities, so that applying it twice is harmless.
 */
export interface Change {
  type: 'change'
  environment: string
  generation: number
  sequence: number
  at: string
  set: [string, string[], unknown][]
  remove: [string, string[]][]
}
/**
 * A snapshot was stored; it includes every change up to `sequence` of this generation.
 */
export interface TickMessage {
  type: 'tick'
  environment: string
  generation: number
  sequence: number
  tick: string
  snapshot_id: string
  catching_up?: boolean
}
/**
 * A change was too large to send: load the next snapshot instead.
 */
export interface Reload {
  type: 'reload'
  environment: string
  generation: number
  sequence: number
}
