// The tasks that an agent works on now, and how long each has run.
import type { ActiveTask } from '@/api/generated/oracleState'
import { Elapsed } from '@/components/Elapsed'

const SHOWN = 3

interface TaskListProps {
  readonly tasks: readonly ActiveTask[]
  /** How many tasks the agent takes at once, when that is known. */
  readonly most: number | undefined
}

export function TaskList({ tasks, most }: TaskListProps) {
  if (tasks.length === 0) return <p className="text-muted text-sm">No task at the moment</p>
  const hidden = tasks.length - SHOWN
  return (
    <div>
      <p className="mb-1 text-[0.7rem] text-muted">
        {tasks.length === 1 ? 'Current task' : 'Current tasks'} · {tasks.length}
        {most !== undefined && ` of ${most} at once`}
      </p>
      <ul aria-label="Current tasks" className="flex flex-col gap-1">
        {tasks.slice(0, SHOWN).map((task) => (
          <li key={task.id} className="flex items-baseline gap-2 text-sm">
            <span title={task.id} className="min-w-0 grow truncate font-mono text-[0.8rem]">
              {task.id}
            </span>
            {task.status !== 'running' && <span className="text-warn text-xs">{task.status}</span>}
            <span className="shrink-0 text-muted text-xs">
              <Elapsed since={task.started_on} />
            </span>
          </li>
        ))}
      </ul>
      {hidden > 0 && <p className="mt-1 text-muted text-xs">and {hidden} more</p>}
    </div>
  )
}
