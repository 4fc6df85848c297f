import { expect, it } from 'vitest'
import { readable } from './names'

it.each([
  ['writer-agent.v2', 'writer-agent.v2'],
  ['Bücher 📚 数据', 'Bücher 📚 数据'],
  ['a\nb\t c ', 'a b c'],
  ['safe\u202etxt.exe', 'safe\\u{202e}txt.exe'],
  ['\u2066a\u2069', '\\u{2066}a\\u{2069}'],
  ['a\u0000b\u200bc\u3164', 'a\\u{0}b\\u{200b}c\\u{3164}'],
  ['\u{e0041}', '\\u{e0041}'],
  [' ', '\\u{20}'],
  ['\n\t', '\\u{a}\\u{9}'],
  ['x'.repeat(256), 'x'.repeat(256)],
])('the name %j is read as %j', (name, label) => expect(readable(name)).toBe(label))
