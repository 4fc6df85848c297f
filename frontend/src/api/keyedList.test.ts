import { describe, expect, it } from 'vitest'
import { remove, upsert } from './keyedList'

const named = (...names: string[]) => names.map((name) => ({ name }))
const NAME = ['name'] as const

describe('a list that is ordered by its key', () => {
  const list = named('a', 'c', 'e', 'g', 'i')

  it.each(['a', 'c', 'e', 'g', 'i'])('changes %s in its place', (name) => {
    const after = upsert(list, NAME, [name], { name, new: true })
    expect(after.map((one) => (one as { name: string }).name)).toEqual(['a', 'c', 'e', 'g', 'i'])
    expect(after).toContainEqual({ name, new: true })
    expect(remove(list, NAME, [name])).toHaveLength(4)
  })

  it.each([
    ['0', ['0', 'a', 'c', 'e', 'g', 'i']],
    ['d', ['a', 'c', 'd', 'e', 'g', 'i']],
    ['z', ['a', 'c', 'e', 'g', 'i', 'z']],
  ])('takes %s in where it belongs', (name, names) => {
    expect(upsert(list, NAME, [name], { name })).toEqual(named(...names))
    expect(remove(list, NAME, [name])).toBe(list)
  })

  it('that another orders otherwise keeps one entity for one key', () => {
    // Code points put U+1F600 after U+FF21, and the code units of this language before it.
    const theirs = named('a', '\uFF21', '\u{1F600}')
    for (const { name } of theirs) {
      expect(upsert(theirs, NAME, [name], { name, new: true })).toHaveLength(3)
      expect(remove(theirs, NAME, [name])).toHaveLength(2)
    }
  })
})
