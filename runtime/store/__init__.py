"""Where snapshots and their history are kept: one Protocol, Postgres and Supabase."""
