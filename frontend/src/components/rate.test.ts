import { expect, it } from 'vitest'
import { rate } from './rate'

it.each([
  [undefined, '–'],
  [0, '0'],
  [0.002, '<0.1'],
  [0.05, '0.1'],
  [12.54, '12.5'],
  [1234.5, '1,235'],
  [15_300, '15.3K'],
])('shows the rate %s as %s, and a little never as nothing', (value, text) => expect(rate(value)).toBe(text))
