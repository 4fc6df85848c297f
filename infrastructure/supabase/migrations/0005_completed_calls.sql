-- A call that several records tell of is stored once and completed; what completes it may also take a field
-- away, by a null. Plain Postgres; may be run again at any time, until a later migration replaces the function.

-- Stores one tick in one transaction and says so; says false, and has written nothing, when the progress
-- row is not at (generation, previous tick). A value that cannot be stored raises, and nothing remains.
-- Events and calls: [{"key", "at", "body": JSON as text}], for a call with "fills": true where the body holds
-- only the fields that a later record of the call told, null where it is no longer known, for a row of this
-- tick or an earlier one; the checkpoint: {"topic_id", "partition", "offset", "state": base64}; the gap:
-- {"start", "end", "reason"}.
create or replace function public.oracle_store_tick(
  p_environment text, p_generation bigint, p_previous_tick timestamptz, p_tick timestamptz,
  p_snapshot_id uuid, p_snapshot text, p_sha256 text,
  p_events text, p_calls text, p_checkpoint text, p_gap text
) returns table (stored boolean)
language plpgsql security invoker set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
declare
  mark jsonb := p_checkpoint::jsonb;
  gap jsonb := p_gap::jsonb;
begin
  update oracle_progress set tick = p_tick, updated_at = now()
  where environment = p_environment and generation = p_generation
    and tick is not distinct from p_previous_tick;
  stored := found;
  return next;
  if not stored then
    return;
  end if;

  -- A tick that is folded again after its progress was lost replaces what it stored before.
  insert into system_snapshots as s (id, "timestamp", snapshot, environment, sha256)
  values (p_snapshot_id, p_tick, p_snapshot::jsonb, p_environment, p_sha256)
  on conflict (environment, "timestamp") do update
    set id = excluded.id, snapshot = excluded.snapshot, sha256 = excluded.sha256;

  insert into oracle_events (environment, key, at, body)
  select p_environment, e ->> 'key', (e ->> 'at')::timestamptz, (e ->> 'body')::jsonb
  from jsonb_array_elements(p_events::jsonb) e
  on conflict do nothing;

  insert into oracle_llm_calls (environment, key, at, body)
  select p_environment, c ->> 'key', (c ->> 'at')::timestamptz, (c ->> 'body')::jsonb
  from jsonb_array_elements(p_calls::jsonb) c
  where not c ? 'fills'
  on conflict do nothing;

  update oracle_llm_calls l set body = jsonb_strip_nulls(l.body || (c ->> 'body')::jsonb)
  from jsonb_array_elements(p_calls::jsonb) c
  where c ? 'fills' and l.environment = p_environment and l.key = c ->> 'key';

  if gap is not null then
    insert into oracle_gaps (environment, "start", "end", reason)
    values (p_environment, (gap ->> 'start')::timestamptz, (gap ->> 'end')::timestamptz, gap ->> 'reason')
    on conflict do nothing;
  end if;

  if mark is not null then
    insert into oracle_checkpoints (environment, tick, topic_id, "partition", "offset", state)
    values (p_environment, p_tick, mark ->> 'topic_id', (mark ->> 'partition')::integer,
            (mark ->> 'offset')::bigint, decode(mark ->> 'state', 'base64'))
    on conflict (environment, tick) do update
      set topic_id = excluded.topic_id, "partition" = excluded."partition",
          "offset" = excluded."offset", state = excluded.state;
    perform oracle_prune_checkpoints(p_environment);
  end if;
end $$;

insert into public.oracle_migrations (name) values ('0005_completed_calls') on conflict do nothing;
