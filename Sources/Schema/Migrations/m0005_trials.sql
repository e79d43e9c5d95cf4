-- What may kill whoever handles it: who had it in hand, so that the next one knows, and what is kept of it.

create table trials (
    item_id uuid not null,
    begun_at timestamptz not null,
    worker text not null,
    alone boolean not null,
    primary key (item_id, begun_at, worker)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
comment on table trials is
    'One row a try of an item that may be what kills workers; a row that stays is a worker that died. begun_at is machine time';
comment on column trials.alone is 'Whether the worker had nothing else in hand that could have killed it';

create table pages (
    page_id uuid primary key,
    work text not null,
    worker text not null,
    begun_at timestamptz not null,
    workspace_ids integer[] not null,
    contact_ids uuid[] not null
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
comment on table pages is
    'Contacts that a worker found by itself, timers or messages being due, and has in hand together; begun_at is machine time';

alter table set_aside add column history jsonb not null default '[]';
comment on column set_aside.history is 'Who tried it, when (machine time) and what came of it, oldest first';
