// What a state means at a glance: a tone for its colour, and a sign for those who do not see the colour.
export type Tone = 'good' | 'warn' | 'bad' | 'calm' | 'info'

export const TONE_SIGN: Record<Tone, string> = { good: '●', warn: '▲', bad: '✕', calm: '○', info: '◆' }

/** How much a state wants to be looked at: what weighs more comes first in a list. */
export const WEIGHT: Record<Tone, number> = { bad: 3, warn: 2, info: 1, good: 0, calm: 0 }
