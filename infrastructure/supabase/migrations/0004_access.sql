-- Who may see what. Writers use the service role, which passes row-level security; readers see the
-- environments that their token lists, and without that claim nothing. May be run again at any time.
--
-- The claim is `"app_metadata": {"environments": ["default", "staging"]}` of the JWT. In Supabase, for a user:
--   update auth.users set raw_app_meta_data = raw_app_meta_data || '{"environments": ["default"]}' where email = '…';
-- The parts that only Supabase has (its roles, its publication) are skipped where they are missing.

create or replace function public.oracle_readable_environments()
returns text[]
language sql stable security invoker set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(array_agg(e), '{}')
  from jsonb_array_elements_text(
    case jsonb_typeof(nullif(current_setting('request.jwt.claims', true), '')::jsonb #> '{app_metadata,environments}')
      when 'array' then current_setting('request.jwt.claims', true)::jsonb #> '{app_metadata,environments}'
      else '[]'
    end) e
$$;

do $$
declare
  name text;
begin
  -- The sub-select makes Postgres read the claim once per statement instead of once per row.
  foreach name in array array['system_snapshots', 'oracle_events', 'oracle_llm_calls', 'oracle_gaps'] loop
    execute format('drop policy if exists oracle_readers on public.%I', name);
    execute format('create policy oracle_readers on public.%I for select
                    using (environment = any ((select public.oracle_readable_environments())::text[]))', name);
  end loop;
end $$;

do $$
declare
  writing text[] := array[
    'oracle_take_over(text)', 'oracle_prune_checkpoints(text)',
    'oracle_store_tick(text, bigint, timestamptz, timestamptz, uuid, text, text, text, text, text, text)',
    'oracle_refused_among(text)', 'oracle_progress_of(text)', 'oracle_checkpoints_of(text, integer)'];
  reading text[] := array[
    'oracle_environments()', 'oracle_snapshot_at(text, timestamptz)', 'oracle_snapshot_by_id(uuid)'];
  readable text := 'public.system_snapshots, public.oracle_events, public.oracle_llm_calls, public.oracle_gaps';
  ours text := readable || ', public.oracle_progress, public.oracle_checkpoints, public.oracle_migrations';
  role text;
  signature text;
begin
  foreach signature in array writing || reading loop
    execute format('revoke execute on function public.%s from public', signature);
  end loop;
  foreach role in array array['anon', 'authenticated'] loop
    continue when to_regrole(role) is null;
    execute format('revoke all on %s from %I', ours, role);
    execute format('grant select on %s to %I', readable, role);
    foreach signature in array writing loop
      execute format('revoke execute on function public.%s from %I', signature, role);
    end loop;
    foreach signature in array reading loop
      execute format('grant execute on function public.%s to %I', signature, role);
    end loop;
  end loop;
  if to_regrole('service_role') is not null then
    execute format('grant all on %s to service_role', ours);
    foreach signature in array writing || reading loop
      execute format('grant execute on function public.%s to service_role', signature);
    end loop;
  end if;
end $$;

-- Realtime: each new snapshot. Our dashboard asks for id and timestamp only.
do $$
begin
  if exists (select from pg_publication where pubname = 'supabase_realtime' and not puballtables)
     and not exists (select from pg_publication_tables
                     where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = 'system_snapshots')
  then
    alter publication supabase_realtime add table public.system_snapshots;
  end if;
end $$;

insert into public.oracle_migrations (name) values ('0004_access') on conflict do nothing;

notify pgrst, 'reload schema';
