// Numbers as people read them, each with its unit. An unknown value is a dash, never a zero.
export const UNKNOWN = '–'

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const RATE = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** 9,999 in full, 12.3K above. */
export function count(value: number | undefined): string {
  if (value === undefined) return UNKNOWN
  return value < 10_000 ? WHOLE.format(value) : COMPACT.format(value)
}

export function decimal(value: number | undefined): string {
  return value === undefined ? UNKNOWN : RATE.format(value)
}

/** Dollars with cents, and with four places below one cent, so that a small cost is not shown as none. */
export function usd(value: number | undefined): string {
  if (value === undefined) return UNKNOWN
  const places = value > 0 && value < 0.01 ? 4 : 2
  if (value > 0 && value < 0.0001) return '<$0.0001'
  return `$${value.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places })}`
}

/** 0.4 s · 31 s · 2 min 34 s · 5 h 12 min · 3 d 4 h */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined || Number.isNaN(seconds)) return UNKNOWN
  const whole = Math.max(0, Math.round(seconds))
  if (seconds < 10 && seconds !== whole) return `${RATE.format(Math.max(0, seconds))} s`
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`
}

/** The time of day in UTC, as snapshots and logs tell it: 14:32:12 UTC */
export function timeOfDay(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(11, 19)} UTC`
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** A rate in bytes per second: 800 B/s · 1.2 KiB/s · 3.4 MiB/s */
export function bytesPerSecond(value: number | undefined): string {
  if (value === undefined) return UNKNOWN
  let amount = value
  let unit = 0
  // A value that would be rounded up to 1,024 is already one of the next unit.
  while (amount >= 1023.95 && unit < BYTE_UNITS.length - 1) {
    amount /= 1024
    unit += 1
  }
  return `${(unit === 0 ? WHOLE : RATE).format(amount)} ${BYTE_UNITS[unit]}/s`
}
