// What a screen reader says of an agent when its card comes into focus. Pure.
import type { Agent } from '@/api/generated/oracleState'

export function labelOf({ name, status, activity }: Agent): string {
  const tasks = activity.active_task_ids.length
  return `${name}, ${status}, ${tasks === 1 ? '1 current task' : `${tasks} current tasks`}`
}
