import { describe, expect, it } from 'vitest'
import { bytesPerSecond, count, decimal, duration, timeOfDay, usd } from './units'

describe('numbers as people read them', () => {
  it.each([
    [undefined, '–'],
    [0, '0'],
    [9999, '9,999'],
    [12_345, '12.3K'],
    [2_500_000, '2.5M'],
  ])('counts %s as %s', (value, text) => expect(count(value)).toBe(text))

  it.each([
    [undefined, '–'],
    [0, '$0.00'],
    [0.00001, '<$0.0001'],
    [0.0042, '$0.0042'],
    [0.01, '$0.01'],
    [1234.5, '$1,234.50'],
  ])('shows %s dollars as %s', (value, text) => expect(usd(value)).toBe(text))

  it.each([
    [undefined, '–'],
    [Number.NaN, '–'],
    [-3, '0 s'],
    [0.42, '0.4 s'],
    [31, '31 s'],
    [59.7, '1 min 0 s'],
    [154, '2 min 34 s'],
    [18_720, '5 h 12 min'],
    [273_600, '3 d 4 h'],
  ])('shows %s seconds as %s', (value, text) => expect(duration(value)).toBe(text))

  it.each([
    [undefined, '–'],
    [0, '0 B/s'],
    [800, '800 B/s'],
    [1023.99, '1 KiB/s'],
    [1228.8, '1.2 KiB/s'],
    [3_565_158, '3.4 MiB/s'],
    [5 * 1024 ** 5, '5,120 TiB/s'],
  ])('shows %s bytes per second as %s', (value, text) => expect(bytesPerSecond(value)).toBe(text))

  it('shows a fraction with one place, and a time of day in UTC', () => {
    expect(decimal(8.44)).toBe('8.4')
    expect(decimal(undefined)).toBe('–')
    expect(timeOfDay(Date.parse('2026-02-06T14:32:12Z'))).toBe('14:32:12 UTC')
  })
})
