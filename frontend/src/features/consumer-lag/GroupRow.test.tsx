import { render, screen } from '@testing-library/react'
import { describe, expect, it, vi } from 'vitest'
import type { Group } from '@/api/generated/oracleState'
import { aGroup } from '@/testing/kafka'
import { GroupRow } from './GroupRow'
import type { Verdict } from './verdicts'

function show(group: Group) {
  const toggled = vi.fn()
  render(<GroupRow group={group} open={false} onToggle={toggled} />)
  return toggled
}

describe('the line of a group', () => {
  it.each<[Verdict, Partial<Group>, RegExp]>([
    ['ok', { never_catches_up: true }, /9 s behind$/],
    ['ok', { never_catches_up: true, seconds_to_catch_up: 5 }, /9 s behind$/],
    ['lagging', { never_catches_up: true }, /9 s behind · never catches up at this rate$/],
    ['lagging', { seconds_to_catch_up: 5 }, /9 s behind · catches up in 5 s$/],
  ])('with the verdict %s and %o ends with %s', (verdict, part, words) => {
    show(aGroup('a', { verdict, lag_messages: 3, lag_seconds: 9, ...part }))
    expect(screen.getByRole('article')).toHaveTextContent(words)
  })

  it.each([
    [' ', '\\u{20}'],
    ['safe\u202etxt', 'safe\\u{202e}txt'],
    ['a\nb', 'a b'],
  ])('shows the name %j as %j, and is opened by the name itself', (name, label) => {
    const toggled = show(aGroup(name, { agent_ids: [`${name}1`] }))
    const button = screen.getByRole('button', { name: label })
    button.click()
    expect(toggled).toHaveBeenCalledExactlyOnceWith(name)
    expect(screen.getByRole('article').textContent).not.toMatch(/\p{C}/u)
  })
})
