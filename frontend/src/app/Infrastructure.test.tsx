import { act, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Snapshot } from '@/api/generated/oracleState'
import { LiveProvider } from '@/api/live'
import { aPod, aSickCluster, aWorkload, withPods } from '@/testing/cluster'
import { fakeSource } from '@/testing/fakeSource'
import { aSnapshot } from '@/testing/snapshot'
import { App } from './App'

function open(snapshot: Snapshot = aSickCluster(Date.now())) {
  const source = fakeSource({ connection: 'live', snapshot })
  render(
    <LiveProvider source={source}>
      <App />
    </LiveProvider>,
  )
  return source
}

const region = (name: string) => within(screen.getByRole('region', { name }))
const panel = () => region('Infrastructure health')
const workload = (name: string) => panel().getByRole('button', { name })
const podsOf = (name: string) =>
  within(panel().getByRole('list', { name: `Pods of ${name}` })).getAllByRole('article')
/** The card of a pod. */
function pod(name: string) {
  const card = panel().getByRole('heading', { level: 4, name }).closest('article')
  if (card === null) throw new Error(`${name} has no card`)
  return within(card)
}

describe('the infrastructure', () => {
  it('tells in one line how many are in trouble, and lists those workloads first', () => {
    open()
    expect(
      panel().getByText('6 workloads · 9 pods · 4 in trouble · 2 rollouts stalled · 4 restarts'),
    ).toBeVisible()
    const names = panel().getAllByRole('heading', { level: 3 })
    expect(names.map((one) => one.textContent?.replace('▸', ''))).toEqual([
      'quota-agent',
      'research-agent',
      'writer-agent',
      'analysis-agent',
      'coder',
      'sandbox-agent',
    ])
  })

  it('tells of each deployment the replicas, the revision, and a rollout with its message', () => {
    open()
    expect(panel().getByText('rollout in progress')).toBeVisible()
    const sets = within(panel().getByRole('list', { name: 'Replica sets' })).getAllByRole('listitem')
    expect(sets.map((one) => one.textContent)).toEqual([
      'Revision 3: 1 of 1 ready',
      'Revision 4: 1 of 2 ready',
    ])
    const writer = workload('writer-agent').closest('article')
    expect(writer).toHaveTextContent(/rollout stalled.*3 of 3 pods in trouble.*1 of 3 ready · revision 7/)
    expect(writer).toHaveTextContent('ReplicaSet "writer-agent-6c4b" has timed out progressing.')
    expect(workload('quota-agent').closest('article')).toHaveTextContent(/exceeded quota.*There are no pods/)
  })

  it('tells of a pod why it is as it is, how it ended last, and what it went through', () => {
    open()
    const looping = pod('research-agent-7f8d9-1')
    expect(looping.getByText('4 restarts')).toBeVisible()
    expect(looping.getByText('restart loop')).toBeVisible()
    expect(looping.getByText(/^OOMKilled · SIGKILL · exit code 137/)).toHaveTextContent(/Last ended: .* ago/)
    const chain = within(looping.getByRole('list', { name: 'Since the snapshot before' }))
    const steps = chain.getAllByRole('listitem').map((step) => step.textContent)
    expect(steps).toEqual([
      expect.stringMatching(/^Created \d\d:\d\d:\d\d$/),
      expect.stringMatching(/^Running \d/),
      expect.stringMatching(/^OOMKilled \d/),
      expect.stringMatching(/^Running \d/),
    ])
    expect(pod('writer-agent-6c4b-1').getByText('ImagePullBackOff')).toBeVisible()
    expect(pod('writer-agent-6c4b-1').getByText(/^Back-off pulling image/)).toBeVisible()
    expect(pod('writer-agent-6c4b-2').getByText(/3 Insufficient memory/)).toBeVisible()
    expect(pod('writer-agent-5b77-1').getByText('12 failed probes')).toBeVisible()
    expect(pod('writer-agent-5b77-1').getByText(/^not ready/)).toBeVisible()
  })

  it('tells where a pod runs and what it runs, and that one was deleted', () => {
    open()
    const gone = pod('research-agent-66c5b-9')
    expect(gone.getByText('deleted')).toBeVisible()
    expect(gone.getByText(/^deleted at \d\d:\d\d:\d\d UTC/)).toBeVisible()
    expect(gone.getByText('node-1')).toBeVisible()
    expect(gone.getByText('registry.example/agents/writer:1.8.2')).toBeVisible()
  })

  it('gauges CPU and memory against the limit, else the request, else shows the number alone', () => {
    open()
    const [limited, requested, bare] = [
      pod('research-agent-7f8d9-1'),
      pod('writer-agent-5b77-1'),
      pod('coder-4711'),
    ]
    const cpu = limited.getByRole('meter', { name: 'CPU' })
    expect(cpu).toHaveAttribute('aria-valuetext', '480 of 500 millicores, 96 % of its limit')
    expect(limited.getByRole('meter', { name: 'Memory' })).toHaveAttribute('value', '402')
    expect(requested.getByRole('meter', { name: 'CPU' })).toHaveAttribute(
      'aria-valuetext',
      '150 of 100 millicores, 150 % of its request',
    )
    expect(requested.queryByRole('meter', { name: 'Memory' })).toBeNull()
    expect(requested.getByText('Memory, no limit').nextElementSibling).toHaveTextContent('256')
    expect(bare.queryByRole('meter')).toBeNull()
    expect(bare.getByText('Disk read').nextElementSibling).toHaveTextContent('4 KiB/s')
    expect(limited.getByText('Network in').nextElementSibling).toHaveTextContent('1.2 KiB/s')
  })

  it('says why there are no metrics, to the keyboard and to a screen reader', async () => {
    open()
    const cpu = pod('writer-agent-6c4b-1').getByRole('button', { name: 'CPU: no metrics' })
    expect(cpu).toHaveAccessibleDescription('metrics.k8s.io: 403 Forbidden')
    const reason = pod('writer-agent-6c4b-1').getAllByText('metrics.k8s.io: 403 Forbidden')[0]
    expect(reason).not.toBeVisible()
    cpu.focus()
    await userEvent.keyboard('{Enter}')
    expect(cpu).toHaveAttribute('aria-expanded', 'true')
    expect(reason).toBeVisible()
    expect(
      pod('writer-agent-6c4b-1').getByRole('button', { name: 'Network: no metrics' }),
    ).toHaveAccessibleDescription(/^network \(kubelet summary\)/)
  })

  it('marks what is made up, on the workload and on the pod', () => {
    open()
    expect(within(panel().getByRole('list', { name: 'Workloads' })).getAllByText('mock')).toHaveLength(3)
    expect(pod('sandbox-agent-1').getAllByText('mock')[0]).toBeVisible()
  })

  it('opens and closes a workload by keyboard, and keeps that when the snapshot changes', async () => {
    const source = open()
    const research = workload('research-agent')
    expect(research).toHaveAttribute('aria-expanded', 'true')
    research.focus()
    await userEvent.keyboard(' ')
    expect(research).toHaveAttribute('aria-expanded', 'false')
    expect(panel().queryByRole('list', { name: 'Pods of research-agent' })).toBeNull()
    act(() => source.show({ snapshot: aSickCluster(Date.now()) }))
    expect(workload('research-agent')).toHaveAttribute('aria-expanded', 'false')
  })
})

describe('an infrastructure of many pods', () => {
  const sound = Array.from({ length: 30 }, (_, index) => aPod(`p-${String(index).padStart(2, '0')}`))
  const many = (): Snapshot => ({
    ...aSnapshot(Date.now()),
    workload: [
      aWorkload('sound', sound),
      aWorkload('sick', [...sound, aPod('q', { status: 'CrashLoopBackOff' })]),
    ],
  })

  it('shows of a workload in trouble the pods in trouble, and closes the healthy one', async () => {
    open(many())
    expect(workload('sound')).toHaveAttribute('aria-expanded', 'false')
    expect(podsOf('sick')).toHaveLength(1)
    await userEvent.click(panel().getByRole('button', { name: 'Show all 31 pods' }))
    expect(podsOf('sick')).toHaveLength(12)
  })

  it('shows the rest a page at a time', async () => {
    open(many())
    await userEvent.click(workload('sound'))
    const pages = within(panel().getByRole('navigation', { name: 'Pages of pods of sound' }))
    expect(pages.getByText('1–12 of 30 pods of sound')).toBeVisible()
    await userEvent.click(pages.getByRole('button', { name: 'Next' }))
    await userEvent.click(pages.getByRole('button', { name: 'Next' }))
    expect(pages.getByText('25–30 of 30 pods of sound')).toBeVisible()
    expect(podsOf('sound')).toHaveLength(6)
    const next = pages.getByRole('button', { name: 'Next' })
    await userEvent.click(next)
    expect(next).toHaveFocus()
    expect(podsOf('sound')).toHaveLength(6)
  })

  it('finds a pod by its name', async () => {
    open(many())
    await userEvent.type(panel().getByRole('searchbox', { name: 'Find a pod' }), 'p-07')
    expect(await panel().findByText('2 pods found in 2 workloads')).toBeVisible()
    expect(podsOf('sound')).toHaveLength(1)
  })
})

describe('ten thousand pods', () => {
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

  it.each([
    [10, 1000],
    [10_000, 1],
  ])('with %i to a workload keep the page small', (perWorkload, workloads) => {
    open(withPods(10_000, perWorkload, Date.now()))
    expect(panel().getByText(/10,000 pods/)).toHaveTextContent(`${workloads.toLocaleString('en')} workload`)
    expect(panel().getAllByRole('button').length).toBeGreaterThan(0)
    expect(document.querySelectorAll('*').length).toBeLessThan(3000)
  })

  it('show the workloads with a failing pod first', () => {
    open(withPods(10_000, 10, Date.now()))
    const [first] = within(panel().getByRole('list', { name: 'Workloads' })).getAllByRole('listitem')
    expect(first).toHaveTextContent(/workload-00001.*1 of 10 pods in trouble.*CrashLoopBackOff/)
    expect(first).toHaveAttribute('aria-setsize', '1000')
  })
})

describe('the cluster', () => {
  it('tells its warnings, the newest first', () => {
    open()
    const rows = within(region('Warning events').getByRole('list')).getAllByRole('listitem')
    expect(rows.map((row) => row.textContent)).toEqual([
      expect.stringMatching(/^Failed Pod\/writer-agent-6c4b-1 in agents\d+ s ago.*Failed to pull image/),
      expect.stringMatching(/^BackOff Pod\/research-agent-7f8d9-1 in agents.*4 times/),
      expect.stringMatching(/^Unhealthy Pod\/writer-agent-5b77-1 in agents2 min 3\d s ago.*12 times/),
    ])
  })

  it('tells its nodes with their conditions, those in trouble first', () => {
    open()
    const nodes = region('Nodes')
    expect(nodes.getByText('2 of 3 ready')).toBeVisible()
    const rows = within(nodes.getByRole('list')).getAllByRole('listitem')
    expect(rows[0]).toHaveTextContent(/node-3.*KubeletNotReady.*not ready/)
    expect(rows[1]).toHaveTextContent(/node-2.*MemoryPressure.*unschedulable.*ready/)
    expect(rows[2]).toHaveTextContent(/^node-1.*ready$/)
  })

  it('without warnings says so', () => {
    const snapshot = aSickCluster(Date.now())
    open({ ...snapshot, kubernetes: { deployments: [], nodes: [], events: [] } })
    expect(region('Warning events').getByText('No warnings')).toBeVisible()
    expect(region('Nodes').getByText('No nodes yet')).toBeVisible()
  })

  it('that lets nobody read its nodes says why there are none', () => {
    const snapshot = aSickCluster(Date.now())
    const unavailable = [{ part: 'nodes', reason: '403 Forbidden' }]
    const sources = snapshot.sources.map((source) => ({ ...source, unavailable }))
    open({ ...snapshot, sources, kubernetes: { deployments: [], nodes: [], events: [] } })
    expect(region('Nodes').getByText('Nodes cannot be read')).toBeVisible()
    expect(region('Nodes').getByText('nodes: 403 Forbidden')).toBeVisible()
    expect(region('Warning events').getByText('No warnings')).toBeVisible()
  })

  it('that cannot tell a part says which and why, beside its source', () => {
    open()
    const parts = region('Sources').getByRole('list', { name: 'What kubernetes cannot read' })
    expect(
      within(parts)
        .getAllByRole('listitem')
        .map((part) => part.textContent),
    ).toEqual([
      'metrics.k8s.io: 403 Forbidden',
      'network (kubelet summary): 3 of 3 nodes, node-1: 403 Forbidden',
    ])
  })
})

describe('an agent’s card', () => {
  it('tells how the agent was found', () => {
    open()
    const card = within(screen.getByRole('listitem', { name: /^Researcher/ }))
    const ways = within(card.getByRole('list', { name: 'Found by' })).getAllByRole('listitem')
    expect(ways.map((way) => way.textContent)).toEqual(['labelled', 'telemetry'])
  })

  it('marks a model server, which is not counted as an agent', () => {
    open()
    const card = within(screen.getByRole('listitem', { name: 'Ollama, model server, healthy' }))
    expect(card.getByText('model server')).toBeVisible()
    expect(card.queryByText('No task at the moment')).toBeNull()
    expect(
      region('Agents').getByText('4 agents · 2 healthy · 1 degraded · 1 failed · and 1 model server'),
    ).toBeVisible()
  })
})
