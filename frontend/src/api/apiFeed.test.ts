import { describe, expect, it } from 'vitest'
import { aSnapshot } from '@/testing/snapshot'
import { EMPTY_FEED, type Feed, receive } from './apiFeed'

const json = (value: unknown) => JSON.stringify(value)
const snapshot = aSnapshot()
const started = receive(EMPTY_FEED, { event: 'state', id: '3:100', data: json(snapshot) }).feed

function patch(generation: number, sequence: number, depth: number) {
  const set = [['queue', ['q'], { name: 'q', depth, tasks: [] }]]
  return {
    event: 'patch',
    id: `${generation}:${sequence}`,
    data: json({ type: 'change', generation, sequence, set, remove: [] }),
  }
}

function tick(more: object) {
  return {
    event: 'tick',
    data: json({
      type: 'tick',
      generation: 3,
      sequence: 100,
      tick: '2026-02-06T14:32:14Z',
      snapshot_id: 'next',
      ...more,
    }),
  }
}

const depthOf = (feed: Feed) => feed.snapshot?.queues.find(({ name }) => name === 'q')?.depth

describe('the events of the live stream', () => {
  it('begin with a full state', () => {
    expect(started.snapshot).toEqual(snapshot)
    expect(started).toMatchObject({ generation: 3, sequence: 100, server: 'following' })
  })

  it('bring patches, of which an older one never undoes a newer one', () => {
    const newer = receive(started, patch(3, 102, 7)).feed
    expect(depthOf(newer)).toBe(7)
    expect(receive(newer, patch(3, 101, 1)).feed).toBe(newer)
    expect(receive(newer, patch(2, 900, 1)).feed).toBe(newer)
    expect(depthOf(receive(newer, patch(4, 1, 9)).feed)).toBe(9)
  })

  it('start anew with another full state, whatever came before', () => {
    const newer = receive(started, patch(3, 102, 7)).feed
    const again = receive(newer, { event: 'state', id: '3:50', data: json(snapshot) }).feed
    expect(depthOf(again)).toBeUndefined()
    expect(depthOf(receive(again, patch(3, 51, 2)).feed)).toBe(2)
  })

  it('take a state without a readable id', () => {
    const { feed } = receive(EMPTY_FEED, { event: 'state', id: 'none', data: json(snapshot) })
    expect(depthOf(receive(feed, patch(0, 0, 4)).feed)).toBe(4)
  })

  it('name the snapshot at each tick', () => {
    const { feed } = receive(started, tick({}))
    expect(feed.snapshot).toMatchObject({ id: 'next', timestamp: '2026-02-06T14:32:14Z' })
    expect(feed.snapshot?.agents).toBe(started.snapshot?.agents)
  })

  it('say when the aggregator catches up, without taking its moments for the present', () => {
    const { feed } = receive(started, tick({ catching_up: true }))
    expect(feed).toMatchObject({ server: 'catching_up', snapshot: { id: snapshot.id } })
    expect(receive(feed, tick({})).feed.server).toBe('following')
  })

  it('say what the server waits for', () => {
    const { feed } = receive(EMPTY_FEED, {
      event: 'status',
      data: json({ status: 'waiting', message: 'No snapshot yet' }),
    })
    expect(feed).toMatchObject({ server: 'waiting', message: 'No snapshot yet' })
  })

  it('carry events and calls beside the state', () => {
    const set = [
      ['event', ['e1'], { event_type: 'task_started' }],
      ['call', ['c1'], { model: 'gpt-4o' }],
      ['queue', ['q'], { name: 'q', depth: 1, tasks: [] }],
    ]
    const change = { event: 'patch', data: json({ generation: 3, sequence: 101, set, remove: [] }) }
    const { feed, activity } = receive(started, change)
    expect(activity).toEqual([
      { kind: 'event', id: 'e1', value: { event_type: 'task_started' } },
      { kind: 'call', id: 'c1', value: { model: 'gpt-4o' } },
    ])
    expect(depthOf(feed)).toBe(1)
  })

  it('change nothing before the first state', () => {
    expect(receive(EMPTY_FEED, patch(1, 1, 1)).feed).toBe(EMPTY_FEED)
    expect(receive(EMPTY_FEED, tick({})).feed).toBe(EMPTY_FEED)
  })

  it('may be of a kind that is not known yet', () => {
    expect(receive(started, { event: 'hologram', data: 'x' }).feed).toBe(started)
    expect(receive(started, { data: 'x' }).feed).toBe(started)
    expect(receive(started, { event: 'status', data: '{"status": "dancing"}' }).feed).toBe(started)
  })

  it('are refused when they hold no JSON object', () => {
    for (const data of ['', 'null', '[]', '{']) {
      expect(() => receive(started, { event: 'state', data })).toThrow(SyntaxError)
    }
  })
})
