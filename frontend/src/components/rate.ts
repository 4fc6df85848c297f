// Messages per second or minute as people read them. Pure.
import { count, decimal } from './units'

/** What is little is not shown as nothing: <0.1 · 4.2 · 128 · 12.3K */
export function rate(value: number | undefined): string {
  if (value !== undefined && value > 0 && value < 0.05) return '<0.1'
  return value !== undefined && value < 100 ? decimal(value) : count(value)
}
