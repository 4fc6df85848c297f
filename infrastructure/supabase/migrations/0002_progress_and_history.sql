-- What the aggregator writes beside the snapshots (DESIGN §4.4). Plain Postgres; may be run again at any time.

-- How far an environment is stored, and which owner may store the next tick.
create table if not exists public.oracle_progress (
  environment text primary key,
  generation bigint not null,
  tick timestamptz,
  updated_at timestamptz not null default now()
);
alter table public.oracle_progress enable row level security;

-- The aggregator's tables as they were at a tick; "offset" is the first record that is not in the state.
create table if not exists public.oracle_checkpoints (
  environment text not null,
  tick timestamptz not null,
  topic_id text not null,
  "partition" integer not null,
  "offset" bigint not null,
  state bytea not null,
  primary key (environment, tick)
);
alter table public.oracle_checkpoints enable row level security;
create index if not exists oracle_checkpoints_log
  on public.oracle_checkpoints (topic_id, "partition", environment, tick desc);

create table if not exists public.oracle_events (
  environment text not null,
  key text not null,
  at timestamptz not null,
  body jsonb not null,
  primary key (environment, key)
);
alter table public.oracle_events enable row level security;
create index if not exists oracle_events_at on public.oracle_events (environment, at desc);

create table if not exists public.oracle_llm_calls (
  environment text not null,
  key text not null,
  at timestamptz not null,
  body jsonb not null,
  primary key (environment, key)
);
alter table public.oracle_llm_calls enable row level security;
create index if not exists oracle_llm_calls_at on public.oracle_llm_calls (environment, at desc);

-- A stretch without snapshots: after "start" (the last tick before it), before "end".
create table if not exists public.oracle_gaps (
  environment text not null,
  "start" timestamptz not null,
  "end" timestamptz not null,
  reason text not null,
  primary key (environment, "start")
);
alter table public.oracle_gaps enable row level security;

insert into public.oracle_migrations (name) values ('0002_progress_and_history') on conflict do nothing;
