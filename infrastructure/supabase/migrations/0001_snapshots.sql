-- The public contract: one row per environment and tick (SPEC §10). Plain Postgres; may be run again at any time.
--
-- A table of this name that has no environment yet is adopted with its rows: they belong to 'default'. Where
-- two of them share a timestamp, the later ones move to 'default (duplicate 2)' and so on; nothing is deleted.

create table if not exists public.oracle_migrations (
  name text primary key,
  applied_at timestamptz not null default now()
);
alter table public.oracle_migrations enable row level security;

create table if not exists public.system_snapshots (
  id uuid primary key default gen_random_uuid(),
  "timestamp" timestamptz not null,
  snapshot jsonb not null,
  environment text not null default 'default',
  sha256 text
);
alter table public.system_snapshots enable row level security;
alter table public.system_snapshots add column if not exists environment text not null default 'default';
alter table public.system_snapshots add column if not exists sha256 text;
alter table public.system_snapshots alter column id set default gen_random_uuid();

do $$
declare
  kind text;
begin
  select data_type into kind from information_schema.columns
    where table_schema = 'public' and table_name = 'system_snapshots' and column_name = 'timestamp';
  if kind <> 'timestamp with time zone' then
    alter table public.system_snapshots
      alter column "timestamp" type timestamptz using "timestamp"::timestamp at time zone 'UTC';
  end if;

  select data_type into kind from information_schema.columns
    where table_schema = 'public' and table_name = 'system_snapshots' and column_name = 'snapshot';
  if kind <> 'jsonb' then
    alter table public.system_snapshots alter column snapshot type jsonb using snapshot::text::jsonb;
  end if;

  if not exists (select from pg_constraint
                 where conrelid = 'public.system_snapshots'::regclass and contype = 'p') then
    alter table public.system_snapshots add primary key (id);
  end if;

  if not exists (select from pg_constraint
                 where conrelid = 'public.system_snapshots'::regclass
                   and conname = 'system_snapshots_environment_timestamp_key') then
    update public.system_snapshots s
      set environment = format('%s (duplicate %s)', s.environment, d.copy)
      from (select id, row_number() over (partition by environment, "timestamp" order by id) as copy
            from public.system_snapshots) d
      where d.id = s.id and d.copy > 1;
    alter table public.system_snapshots
      add constraint system_snapshots_environment_timestamp_key unique (environment, "timestamp");
  end if;
end $$;

alter table public.system_snapshots alter column "timestamp" set not null;
alter table public.system_snapshots alter column snapshot set not null;
create index if not exists system_snapshots_timestamp on public.system_snapshots ("timestamp" desc);

insert into public.oracle_migrations (name) values ('0001_snapshots') on conflict do nothing;
