import { act, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it, vi } from 'vitest'
import type { Snapshot } from '@/api/generated/oracleState'
import { LiveProvider } from '@/api/live'
import type { Connection, LiveState } from '@/api/liveSource'
import { fakeSource } from '@/testing/fakeSource'
import { anEmptySnapshot, aSnapshot, withAgents } from '@/testing/snapshot'
import { App } from './App'

function open(start: Partial<LiveState>, authorise?: (key: string) => void) {
  const source = fakeSource(start, authorise)
  render(
    <LiveProvider source={source}>
      <App />
    </LiveProvider>,
  )
  return source
}

const live = (): Partial<LiveState> => ({ connection: 'live', snapshot: aSnapshot(Date.now()) })
const region = (name: string) => within(screen.getByRole('region', { name }))
const card = (name: RegExp) => within(screen.getByRole('listitem', { name }))
/** The text of the number that stands under a name. */
const figure = (within_: ReturnType<typeof within>, name: string) =>
  within_.getByText(name, { selector: 'dt' }).nextElementSibling?.textContent

describe('the header', () => {
  it('names the product, the environment and the age of the snapshot', () => {
    open({ ...live(), snapshot: { ...aSnapshot(Date.now() - 61_000), environment: 'staging' } })
    const banner = within(screen.getByRole('banner'))
    expect(banner.getByRole('heading', { level: 1, name: 'Oracle Monitor' })).toBeVisible()
    expect(banner.getByTitle('Environment staging')).toBeVisible()
    expect(banner.getByText(/^1 min [12] s old$/)).toBeVisible()
  })

  it.each<[Connection, string]>([
    ['connecting', 'Connecting'],
    ['live', 'Live'],
    ['stale', 'Stale'],
    ['reconnecting', 'Reconnecting'],
    ['catching_up', 'Catching up'],
    ['unauthorised', 'Key needed'],
  ])('says in words when the connection is %s', (connection, words) => {
    open({ connection })
    expect(screen.getByRole('status', { name: 'Connection' })).toHaveTextContent(words)
  })

  it('counts the age on without reading it out each second', () => {
    vi.useFakeTimers()
    open(live())
    act(() => vi.advanceTimersByTime(5000))
    expect(screen.getByText('5 s old')).toBeVisible()
    expect(screen.getByRole('status', { name: 'Connection' })).not.toHaveTextContent('old')
    vi.useRealTimers()
  })

  it('says why it reconnects, and tries at once when asked', async () => {
    const source = open({ ...live(), connection: 'reconnecting', error: 'The server cannot be reached.' })
    expect(screen.getByRole('status')).toHaveTextContent('The server cannot be reached.')
    await userEvent.click(screen.getByRole('button', { name: 'Try again now' }))
    expect(source.retries).toBe(1)
  })
})

describe('the agents', () => {
  it('are a list of cards that come into focus one after another', async () => {
    open(live())
    const cards = within(screen.getByRole('list', { name: 'Agents' })).getAllByRole('listitem', {
      name: /current task/,
    })
    expect(cards.map((one) => one.getAttribute('aria-label'))).toEqual([
      'Analyst, healthy, 0 current tasks',
      'Orchestrator, healthy, 1 current task',
      'Researcher, degraded, 2 current tasks',
      'Writer, failed, 1 current task',
    ])
    await userEvent.tab()
    expect(cards[0]).toHaveFocus()
    await userEvent.tab()
    expect(cards[1]).toHaveFocus()
    expect(region('Agents').getByText('4 agents · 2 healthy · 1 degraded · 1 failed')).toBeVisible()
  })

  it('show what they do: tasks and how long they run, reasoning, tools in their order', () => {
    open(live())
    const researcher = card(/^Researcher/)
    expect(researcher.getByText('degraded')).toBeVisible()
    const [first, second] = within(researcher.getByRole('list', { name: 'Current tasks' })).getAllByRole(
      'listitem',
    )
    expect(first).toHaveTextContent(/research-tech-trends-2026.*2 min 3[45] s/)
    expect(second).toHaveTextContent(/research-market-size.*retrying.*3[12] s/)
    expect(researcher.getByText('Current tasks · 2 of 3 at once')).toBeVisible()
    expect(researcher.getByText(/^Breaking the query/)).toBeVisible()
    const tools = within(researcher.getByRole('list', { name: 'Tools planned' })).getAllByRole('listitem')
    expect(tools.map((tool) => tool.textContent)).toEqual(['web_search', 'scrape_page', 'summarize'])
    const models = within(researcher.getByRole('list', { name: 'Models' })).getAllByRole('listitem')
    expect(models.map((model) => model.textContent)).toEqual(['gpt-4o', 'claude-sonnet-4-5'])
  })

  it('show what they use, summed over their pods, each number with its unit', () => {
    open(live())
    const researcher = card(/^Researcher/)
    expect(figure(researcher, 'Instances')).toBe('2')
    expect(figure(researcher, 'CPU')).toMatch(/^245.*millicores$/)
    expect(figure(researcher, 'Memory')).toBe('487MiB')
    expect(figure(researcher, 'Restarts')).toBe('3')
    expect(figure(researcher, 'Calls today')).toBe('80')
    expect(figure(researcher, 'Tokens')).toBe('75K')
    expect(figure(researcher, 'Cost')).toBe('$1.31')
    expect(researcher.getByText('Last restart after OOMKilled')).toBeVisible()
  })

  it('show what nobody reports as unknown, never as zero', () => {
    const snapshot = aSnapshot(Date.now())
    open({ connection: 'live', snapshot: { ...snapshot, workload: [] } })
    const writer = card(/^Writer/)
    expect(figure(writer, 'CPU')).toContain('unknown')
    expect(figure(writer, 'Cost')).toContain('unknown')
    expect(card(/^Analyst/).getByText('No task at the moment')).toBeVisible()
  })

  it('change as the snapshot does', () => {
    const source = open(live())
    const snapshot = aSnapshot(Date.now())
    act(() => source.show({ snapshot: { ...snapshot, agents: snapshot.agents.slice(0, 1) } }))
    expect(screen.queryByRole('listitem', { name: /^Writer/ })).not.toBeInTheDocument()
    expect(region('Agents').getByText('1 agent · 1 healthy')).toBeVisible()
  })

  it('that are many keep only some cards on the page, and tell how many there are', () => {
    // jsdom lays nothing out: the scroller gets a size, and nothing watches it.
    vi.stubGlobal(
      'ResizeObserver',
      class {
        observe() {}
        unobserve() {}
        disconnect() {}
      },
    )
    vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(800)
    vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(400)
    open({ connection: 'live', snapshot: withAgents(500, Date.now()) })
    const cards = screen.getAllByRole('listitem', { name: /^agent-/ })
    expect(cards.length).toBeGreaterThan(0)
    expect(cards.length).toBeLessThan(100)
    expect(cards[0]).toHaveAttribute('aria-setsize', '500')
    expect(cards[0]).toHaveAttribute('aria-posinset', '1')
    vi.unstubAllGlobals()
  })
})

describe('the strips below', () => {
  it('show how far each consumer group is behind, in messages and in seconds', () => {
    open(live())
    const lag = region('Consumer lag')
    expect(lag.getByText('3 groups · 2 in trouble · 1,328 messages behind')).toBeVisible()
    const [research] = within(lag.getByRole('list')).getAllByRole('listitem')
    expect(research).toHaveTextContent(
      /research-agents.*2 members.*lagging.*128 messages.*8.4 s behind · catches up in 40 s/,
    )
  })

  it('show what today costs, by agent, and that some calls have no price', () => {
    open(live())
    const spend = region('LLM spend today')
    expect(spend.getByText('$1.93')).toHaveTextContent('$310.42 in total')
    const rows = within(spend.getByRole('list', { name: 'Spend by agent' })).getAllByRole('listitem')
    expect(rows.map((row) => row.textContent)).toEqual([
      'Researcher$1.31',
      'Orchestrator$0.19',
      'Analyst$0.0042',
    ])
    expect(spend.getByText('2 calls have no known price and are not in the sum.')).toBeVisible()
  })

  it('show how fresh each source is, and mark the panel whose source is not', () => {
    open(live())
    const rows = within(region('Sources').getByRole('list', { name: 'Sources' })).getAllByRole('listitem')
    expect(rows[0]).toHaveTextContent(/kafka.*0.9 s old.*every 2 s.*fresh/)
    expect(rows[3]).toHaveTextContent(/telemetry.*no heartbeat.*1 min 4 s old.*down/)
    expect(region('LLM spend today').getByText(/^Source stale, as of/)).toBeVisible()
    expect(region('Consumer lag').queryByText(/^Source/)).not.toBeInTheDocument()
  })
})

describe('each panel', () => {
  const names = [
    'Agents',
    'Infrastructure health',
    'Warning events',
    'Nodes',
    'Message flow',
    'Consumer lag',
    'LLM spend today',
    'Sources',
  ]

  it('says that it is loading', () => {
    open({ connection: 'connecting' })
    for (const name of names) expect(region(name).getByText(/^Loading the/)).toBeInTheDocument()
  })

  it('says that there is nothing yet, and the agents’ says how to begin', () => {
    open({ connection: 'live', snapshot: anEmptySnapshot(Date.now()) })
    for (const name of names) expect(region(name).getByText(/^No .* yet$/)).toBeVisible()
    expect(region('Agents').getByText(/^Start one with/)).toHaveTextContent('python -m agents.base.run')
  })

  it('says that it cannot be shown, and why', () => {
    open({ connection: 'reconnecting', error: 'The server cannot be reached.' })
    for (const name of names) {
      expect(region(name).getByText(/^Cannot show the/)).toBeVisible()
      expect(region(name).getByText('The server cannot be reached.')).toBeVisible()
    }
  })

  it.each<[Connection, string]>([
    ['stale', 'Stale'],
    ['reconnecting', 'Stale'],
    ['connecting', 'Not live yet'],
    ['catching_up', 'Catching up'],
  ])('keeps what it showed when the connection is %s, and says of when it is', (connection, word) => {
    open({ connection, snapshot: aSnapshot(Date.parse('2026-02-06T14:32:12Z')) })
    for (const name of names) expect(region(name).getByText(`${word}, as of 14:32:12 UTC`)).toBeVisible()
    expect(screen.getByRole('listitem', { name: /^Researcher/ })).toBeVisible()
  })
})

describe('a part that does not know what it is given', () => {
  it('says so, leaves the others alone, and is there again with the next snapshot', () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const snapshot = aSnapshot(Date.now())
    const stranger = { agent_id: 'x', name: 'Stranger' } as Snapshot['agents'][number]
    const source = open({ ...live(), snapshot: { ...snapshot, agents: [stranger] } })
    expect(screen.getByRole('alert')).toHaveTextContent('The agents cannot be shown')
    expect(screen.getByRole('region', { name: 'Sources' })).toBeVisible()
    expect(screen.getByRole('banner')).toBeVisible()
    act(() => source.show({ snapshot }))
    expect(screen.queryByRole('alert')).toBeNull()
    expect(screen.getByRole('region', { name: 'Agents' })).toBeVisible()
    told.mockRestore()
  })
})

describe('the form for the key', () => {
  it('hands over the key that is typed', async () => {
    const authorise = vi.fn()
    open({ connection: 'unauthorised', error: 'An API key is needed.' }, authorise)
    expect(screen.getByRole('alert')).toHaveTextContent('An API key is needed.')
    const field = screen.getByLabelText('API key')
    expect(field).toHaveAttribute('type', 'password')
    await userEvent.type(field, ' secret {Enter}')
    expect(authorise).toHaveBeenCalledExactlyOnceWith('secret')
    expect(window.location.href).not.toContain('secret')
  })

  it('gives way to the panels once the key is taken', () => {
    const source = open({ connection: 'unauthorised' }, () => undefined)
    expect(screen.queryByRole('region', { name: 'Agents' })).not.toBeInTheDocument()
    act(() => source.show(live()))
    expect(screen.queryByLabelText('API key')).not.toBeInTheDocument()
    expect(screen.getByRole('region', { name: 'Agents' })).toBeVisible()
  })

  it('is not shown where the key is a part of the build', () => {
    open({ connection: 'unauthorised', error: 'Supabase refused the key of this dashboard.' })
    expect(screen.queryByLabelText('API key')).not.toBeInTheDocument()
    expect(screen.getByText(/VITE_SUPABASE_ANON_KEY/)).toBeVisible()
  })
})
