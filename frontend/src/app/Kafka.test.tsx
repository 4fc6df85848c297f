import { act, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Snapshot } from '@/api/generated/oracleState'
import { LiveProvider } from '@/api/live'
import { fakeSource } from '@/testing/fakeSource'
import { aGroup, aPartition, aSickBroker, aTopic, withGroups, withKafka } from '@/testing/kafka'
import { anEmptySnapshot } from '@/testing/snapshot'
import { App } from './App'

function open(snapshot: Snapshot = aSickBroker(Date.now())) {
  const source = fakeSource({ connection: 'live', snapshot })
  render(
    <LiveProvider source={source}>
      <App />
    </LiveProvider>,
  )
  return source
}

type Panel = 'Consumer lag' | 'Message flow'
const panel = (name: Panel) => within(screen.getByRole('region', { name }))
const button = (of: Panel, name: string) => panel(of).getByRole('button', { name })
const namesIn = (of: Panel) =>
  panel(of)
    .getAllByRole('heading', { level: 3 })
    .map((one) => one.textContent?.replace('▸', ''))
/** The line of a group or topic, and what is below it when it is open. */
function line(of: Panel, name: string): HTMLElement {
  const found = button(of, name).closest('article')
  if (found === null) throw new Error(`${name} has no line`)
  return found
}
/** The text of the number that stands under a name. */
const figure = (of: HTMLElement, name: string) =>
  within(of).getByText(name, { selector: 'dt' }).nextElementSibling?.textContent

describe('the consumer lag', () => {
  it('lists the worst first and sums what is known', () => {
    open()
    expect(namesIn('Consumer lag')).toEqual([
      'writer-agents',
      'mailer',
      'replay',
      'research-agents',
      'audit',
      'analysis-agents',
      'old-import',
    ])
    expect(
      panel('Consumer lag').getByText('7 groups · 5 in trouble · 14K messages behind · lag of 2 unknown'),
    ).toBeVisible()
  })

  it('tells of a group its state, members, agents, last commit, lag, and whether it catches up', () => {
    open()
    expect(line('Consumer lag', 'research-agents')).toHaveTextContent(
      /Stable · 2 members · agent research-agent · committed \d+ s ago.*lagging.*128 messages.*8.4 s behind · catches up in 40 s/,
    )
    expect(line('Consumer lag', 'mailer')).toHaveTextContent(
      /stalled.*5 min 5 s.*never catches up at this rate/,
    )
    expect(panel('Consumer lag').getByTitle(/does not move while messages wait/)).toHaveTextContent('stalled')
  })

  it('shows a lag that is not known as unknown, never as 0', () => {
    open()
    const unread = line('Consumer lag', 'old-import')
    expect(unread).toHaveTextContent('lag unknown')
    expect(unread).not.toHaveTextContent('0 messages')
  })

  it('says of a group that it cannot be read, and why', async () => {
    open()
    expect(line('Consumer lag', 'audit')).toHaveTextContent(/cannot be read.*lag unknown/)
    await userEvent.click(button('Consumer lag', 'audit'))
    expect(panel('Consumer lag').getByText('It cannot be read: GROUP_AUTHORIZATION_FAILED')).toBeVisible()
  })

  it('shows the partitions of a group, each with what makes it doubtful', async () => {
    open()
    await userEvent.click(button('Consumer lag', 'writer-agents'))
    const table = panel('Consumer lag').getByRole('table', { name: 'Partitions of writer-agents' })
    const [, ...rows] = within(table).getAllByRole('row')
    expect(rows.map((row) => within(row).getByRole('rowheader').textContent)).toEqual([
      'tasks · 2The broker removed 120 messages that the group had not read.',
      'tasks · 0',
      'tasks · 1',
    ])
    expect(rows[0]).toHaveTextContent(/13.4K messages.*1 min 14 s behind.*never.*stopped.*1,550.*14,980/)
    expect(panel('Consumer lag').getByText(/^12 more with less lag/)).toBeVisible()
    expect(figure(line('Consumer lag', 'writer-agents'), 'Lag')).toBe('13,450messages')
    expect(panel('Consumer lag').getByText('120 messages lost')).toBeVisible()
  })

  it('shows a partition without a commit as one whose lag is unknown', async () => {
    open()
    await userEvent.click(button('Consumer lag', 'old-import'))
    const table = panel('Consumer lag').getByRole('table', { name: 'Partitions of old-import' })
    const cells = within(table).getAllByRole('cell')
    expect(cells.map((cell) => cell.textContent)).toEqual(['lag unknown', 'unknown', 'none', '1,000'])
    expect(within(table).getByText(/^Nothing is committed here/)).toBeVisible()
  })

  it('shows the members: where they run, for which agent, what they read', async () => {
    open()
    await userEvent.click(button('Consumer lag', 'analysis-agents'))
    const members = panel('Consumer lag').getByRole('list', { name: 'Members of analysis-agents' })
    expect(members).toHaveTextContent('analysis-1on 10.0.0.5 · agent analysis-agent · reads tasks')
  })

  it('opens and closes a group by keyboard, and keeps that when the snapshot changes', async () => {
    const source = open()
    const mailer = button('Consumer lag', 'mailer')
    expect(mailer).toHaveAttribute('aria-expanded', 'false')
    mailer.focus()
    await userEvent.keyboard('{Enter}')
    act(() => source.show({ snapshot: aSickBroker(Date.now()) }))
    expect(button('Consumer lag', 'mailer')).toHaveAttribute('aria-expanded', 'true')
    await userEvent.keyboard(' ')
    expect(button('Consumer lag', 'mailer')).toHaveAttribute('aria-expanded', 'false')
  })

  it('shows many partitions a page at a time', async () => {
    const partitions = Array.from({ length: 25 }, (_, index) => aPartition(index))
    open(withKafka({ groups: [aGroup('wide', { partitions })] }, Date.now()))
    await userEvent.click(button('Consumer lag', 'wide'))
    expect(panel('Consumer lag').getAllByRole('rowheader')).toHaveLength(10)
    expect(panel('Consumer lag').getByText('1–10 of 25 partitions of wide')).toBeVisible()
  })
})

describe('the message flow', () => {
  it('says of which brokers it is, of when, how often and why, and how commits are known', async () => {
    open()
    const flow = panel('Message flow')
    expect(flow.getByText('2 brokers')).toBeVisible()
    expect(flow.getByText('broker 3 does not answer')).toBeVisible()
    expect(flow.getByText(/^sampled/)).toHaveTextContent(/^sampled \d+ s ago in 0.4 s$/)
    const widened = flow.getByRole('button', { name: 'every 12 s, widened' })
    expect(widened).toHaveAccessibleDescription(/more than a tenth of a core/)
    expect(flow.getByTitle(/^__consumer_offsets/)).toBeVisible()
    const commits = flow.getByRole('button', { name: 'commits from the admin API' })
    await userEvent.click(commits)
    expect(flow.getByText(/^__consumer_offsets may not be read/)).toBeVisible()
  })

  it('lists what is in trouble first, each with its badges', () => {
    open()
    expect(namesIn('Message flow')).toEqual(['events', 'tasks.dlq', 'tasks', 'secret', 'results', 'idle'])
    expect(panel('Message flow').getByText('6 topics · 4 in trouble · 15.7/s in · 7.2/s out')).toBeVisible()
    expect(line('Message flow', 'events')).toHaveTextContent(
      /1 leaderless.*1 under-replicated.*recreated .* UTC/,
    )
    expect(line('Message flow', 'tasks')).toHaveTextContent(
      /read by analysis-agent, research-agent.*backpressure.*12.5\/s in.*4\/s out.*13.5K deep · 1 min 14 s behind/,
    )
    expect(line('Message flow', 'tasks.dlq')).toHaveTextContent(
      /dead letters of tasks.*\+3 dead letters\/min/,
    )
    expect(line('Message flow', 'results')).toHaveTextContent(/partitions added .* UTC/)
    expect(line('Message flow', 'secret')).toHaveTextContent('rates unknown')
  })

  it('shows of a topic what it keeps, how long messages take, and where its dead letters go', async () => {
    open()
    await userEvent.click(button('Message flow', 'tasks'))
    const tasks = line('Message flow', 'tasks')
    expect(figure(tasks, 'End to end')).toBe('9.1 s')
    expect(figure(tasks, 'Messages kept')).toBe('48.2K')
    expect(figure(tasks, 'Size on disk')).toBe('94 MiB')
    expect(tasks).toHaveTextContent('Its dead letters go to tasks.dlq, 3 a minute.')
    await userEvent.click(button('Message flow', 'idle'))
    expect(figure(line('Message flow', 'idle'), 'Size on disk')).toContain('unknown')
    expect(figure(line('Message flow', 'idle'), 'In')).toMatch(/^0/)
  })

  it('says why there is no broker, and that one without topics has none yet', () => {
    const empty = anEmptySnapshot(Date.now())
    const down = {
      name: 'kafka',
      instance: 'b:9092',
      status: 'down' as const,
      age_seconds: 9,
      interval_seconds: 2,
    }
    const source = open({ ...empty, sources: [{ ...down, reason: 'connection refused' }] })
    expect(panel('Message flow').getByText('The broker cannot be read')).toBeVisible()
    expect(panel('Message flow').getByText('connection refused')).toBeVisible()
    act(() => source.show({ snapshot: withKafka({}, Date.now()) }))
    expect(panel('Message flow').getByText('No topics yet')).toBeVisible()
    expect(panel('Message flow').getByText('3 brokers')).toBeVisible()
  })
})

describe('ten thousand groups', () => {
  beforeEach(() => {
    // jsdom lays nothing out: the scroller gets a size, and nothing watches it.
    vi.stubGlobal(
      'ResizeObserver',
      class {
        observe() {}
        unobserve() {}
        disconnect() {}
      },
    )
    for (const size of ['clientHeight', 'offsetHeight'] as const) {
      vi.spyOn(HTMLElement.prototype, size, 'get').mockReturnValue(700)
    }
  })
  afterEach(() => vi.unstubAllGlobals())

  it.each<[Panel, string, string]>([
    ['Consumer lag', 'Consumer groups', '10000'],
    ['Message flow', 'Topics', '5000'],
  ])('keep only some lines of the %s on the page, and tell how many there are', (name, list, size) => {
    open(withGroups(10_000, Date.now()))
    const lines = within(panel(name).getByRole('list', { name: list })).getAllByRole('listitem')
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.length).toBeLessThan(40)
    expect(lines[0]).toHaveAttribute('aria-setsize', size)
  })

  it('are found by name', async () => {
    open(withGroups(10_000, Date.now()))
    await userEvent.type(panel('Consumer lag').getByLabelText('Find a group'), 'group-00042')
    expect(panel('Consumer lag').getByRole('status')).toHaveTextContent('1 group found')
    expect(namesIn('Consumer lag')).toEqual(['group-00042'])
  })
})

it('a group or topic that appears is listed with the next snapshot', () => {
  const source = open(withKafka({ groups: [aGroup('a')], topics: [aTopic('x')] }, Date.now()))
  const after = { groups: [aGroup('a'), aGroup('b')], topics: [aTopic('x'), aTopic('y')] }
  act(() => source.show({ snapshot: withKafka(after, Date.now()) }))
  expect(namesIn('Consumer lag')).toEqual(['a', 'b'])
  expect(namesIn('Message flow')).toEqual(['x', 'y'])
})
