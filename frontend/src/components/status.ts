// What a state means at a glance: a tone for its colour, and a sign for those who do not see the colour.
export type Tone = 'good' | 'warn' | 'bad' | 'calm' | 'info'

export const TONE_SIGN: Record<Tone, string> = { good: '●', warn: '▲', bad: '✕', calm: '○', info: '◆' }
