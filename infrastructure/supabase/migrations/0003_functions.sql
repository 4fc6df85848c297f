-- How the services write and read: the same functions over psycopg and over REST. Plain Postgres; later files
-- replace some of these functions: who runs this one again runs those after it too. JSON travels as text, so
-- that no client or gateway between turns a decimal into a float.

create or replace function public.oracle_take_over(p_environment text)
returns table (environment text, generation bigint, tick timestamptz)
language plpgsql security invoker set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
  return query
    insert into oracle_progress as p (environment, generation) values (p_environment, 1)
    on conflict (environment) do update set generation = p.generation + 1, updated_at = now()
    returning p.environment, p.generation, p.tick;
end $$;

-- Checkpoints kept: the newest two, and the first of each hour for 24 hours.
create or replace function public.oracle_prune_checkpoints(p_environment text)
returns void
language plpgsql security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
  delete from oracle_checkpoints
  where environment = p_environment and tick in (
    select ranked.tick from (
      select c.tick,
             row_number() over (order by c.tick desc) as age,
             row_number() over (partition by date_trunc('hour', c.tick, 'UTC') order by c.tick) as place_in_hour,
             max(c.tick) over () as newest
      from oracle_checkpoints c where c.environment = p_environment
    ) ranked
    where ranked.age > 2
      and (ranked.place_in_hour > 1 or ranked.tick < ranked.newest - interval '24 hours')
  );
end $$;

-- Stores one tick in one transaction and says so; says false, and has written nothing, when the progress
-- row is not at (generation, previous tick). A value that cannot be stored raises, and nothing remains.
-- Events and calls: [{"key", "at", "body": JSON as text}]; the checkpoint: {"topic_id", "partition", "offset",
-- "state": base64}; the gap: {"start", "end", "reason"}.
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
  on conflict do nothing;

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

-- Which of these JSON texts jsonb can never take, by position from 0.
create or replace function public.oracle_refused_among(p_bodies text)
returns table (place integer)
language plpgsql security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
  body text;
  n integer := 0;
begin
  for body in select jsonb_array_elements_text(p_bodies::jsonb) loop
    begin
      perform body::jsonb;
    exception when data_exception or program_limit_exceeded then
      place := n;
      return next;
    end;
    n := n + 1;
  end loop;
end $$;

create or replace function public.oracle_progress_of(p_environment text)
returns table (environment text, generation bigint, tick timestamptz)
language sql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
  select environment, generation, tick from oracle_progress where environment = p_environment
$$;

create or replace function public.oracle_checkpoints_of(p_topic_id text, p_partition integer)
returns table (environment text, tick timestamptz, topic_id text, "partition" integer, "offset" bigint, state text)
language sql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
  select c.environment, c.tick, c.topic_id, c."partition", c."offset", encode(c.state, 'base64')
  from oracle_checkpoints c
  join (select k.environment, max(k.tick) as tick from oracle_checkpoints k
        where k.topic_id = p_topic_id and k."partition" = p_partition group by k.environment) newest
    using (environment, tick)
  order by c.environment
$$;

-- One step of the index per environment, however many snapshots there are.
create or replace function public.oracle_environments()
returns table (environment text)
language sql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
  with recursive known as (
    (select s.environment from system_snapshots s order by s.environment limit 1)
    union all
    select (select s.environment from system_snapshots s
            where s.environment > k.environment order by s.environment limit 1)
    from known k where k.environment is not null
  )
  select k.environment from known k where k.environment is not null order by k.environment
$$;

create or replace function public.oracle_snapshot_at(p_environment text, p_moment timestamptz)
returns table (id uuid, environment text, tick timestamptz, document text, sha256 text)
language sql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
  select s.id, s.environment, s."timestamp", s.snapshot::text, s.sha256 from system_snapshots s
  where s.environment = p_environment and s."timestamp" <= coalesce(p_moment, 'infinity')
  order by s."timestamp" desc limit 1
$$;

create or replace function public.oracle_snapshot_by_id(p_id uuid)
returns table (id uuid, environment text, tick timestamptz, document text, sha256 text)
language sql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
  select s.id, s.environment, s."timestamp", s.snapshot::text, s.sha256 from system_snapshots s where s.id = p_id
$$;

insert into public.oracle_migrations (name) values ('0003_functions') on conflict do nothing;
