import { describe, expect, it } from 'vitest'
import type { Deployment } from '@/api/generated/oracleState'
import { aDeployment, aPod, aWorkload, withPods } from '@/testing/cluster'
import { groupsOf, isInTrouble, narrowed } from './groups'

describe('the workloads', () => {
  it('stand in the order of their trouble, then of their names', () => {
    const groups = groupsOf(
      [
        aWorkload('b-sound', [aPod('1')]),
        aWorkload('a-sound', [aPod('2')]),
        aWorkload('unready', [aPod('3', { ready: false })]),
        aWorkload('crashing', [aPod('4'), aPod('5', { status: 'CrashLoopBackOff' })]),
        aWorkload('starting', [aPod('6', { status: 'Pending' })]),
      ],
      [],
    )
    expect(groups.map(({ name, tone, inTrouble }) => [name, tone, inTrouble])).toEqual([
      ['crashing', 'bad', 1],
      ['unready', 'warn', 1],
      ['a-sound', 'good', 0],
      ['b-sound', 'good', 0],
      ['starting', 'info', 0],
    ])
  })

  it('list their pods in trouble first and those that were deleted last', () => {
    const deleted = aPod('0-deleted', { status: 'Failed', deleted_at: '2026-02-06T14:32:11Z' })
    const pods = [deleted, aPod('1'), aPod('2', { status: 'OOMKilled' }), aPod('3', { ready: false })]
    const [group] = groupsOf([aWorkload('a', pods)], [])
    expect(group?.pods.map(({ name }) => name)).toEqual(['2', '3', '1', '0-deleted'])
  })

  it.each<[string, Partial<Deployment>, number, boolean]>([
    ['all that are wanted', {}, 2, false],
    ['fewer than are wanted', { ready: 1 }, 2, true],
    ['fewer while a rollout goes on', { ready: 1, rollout: 'progressing' }, 2, false],
    ['a rollout that stalled', { rollout: 'stalled' }, 2, true],
    ['not one pod', {}, 0, true],
    ['none wanted', { desired: 0, ready: 0 }, 0, false],
  ])('with %s ready are judged by that too', (_, part, pods, trouble) => {
    const own = Array.from({ length: pods }, (__, place) => aPod(`p${place}`))
    const [group] = groupsOf([aWorkload('a', own)], [aDeployment('a', 2, 2, part)])
    expect(group && isInTrouble(group)).toBe(trouble)
  })

  it('without a pod are known by their deployment, and only a deployment’s pods by its name', () => {
    const groups = groupsOf(
      [aWorkload('same', [aPod('1')], { kind: 'StatefulSet' })],
      [aDeployment('quota', 0, 2), aDeployment('same', 1, 1)],
    )
    expect(groups.map(({ name, kind, pods }) => [name, kind, pods.length])).toEqual([
      ['quota', 'Deployment', 0],
      ['same', 'Deployment', 0],
      ['same', 'StatefulSet', 1],
    ])
  })
})

describe('a search', () => {
  const groups = groupsOf(
    [
      aWorkload('writer', [aPod('w-1', { node: 'node-7' }), aPod('w-2', { status: 'OOMKilled' })]),
      aWorkload('coder', [aPod('c-1', { node: 'node-7' })]),
    ],
    [],
  )

  it.each<[string, string[]]>([
    ['  ', ['w-2', 'w-1', 'c-1']],
    ['WRITER', ['w-2', 'w-1']],
    ['node-7', ['w-1', 'c-1']],
    ['oom', ['w-2']],
    ['nothing', []],
  ])('for “%s” finds %o', (text, names) => {
    const found = narrowed(groups, text)
    expect(found.flatMap(({ pods }) => pods.map(({ name }) => name))).toEqual(names)
  })

  it('counts the trouble of what it found alone', () => {
    expect(narrowed(groups, 'node-7').map(({ inTrouble }) => inTrouble)).toEqual([0, 0])
  })

  it('looks through ten thousand pods', () => {
    const { workload, kubernetes } = withPods(10_000, 100)
    const found = narrowed(groupsOf(workload, kubernetes?.deployments ?? []), '00042-00007')
    expect(found.map(({ pods }) => pods.length)).toEqual([1])
  })
})
