-- What stays of the ledger of consents of whoever is erased, so that it can be shown that mail went by right: under a keyed
-- hash of the address, and without anything that says whose it is. Only adds; a build before writes none.

create table erased_consents (
    workspace_id integer not null,
    hash bytea not null,
    topic text not null,
    channel text not null,
    at timestamptz not null,
    state text not null check (state in ('pending', 'given', 'denied', 'withdrawn')),
    means text not null,
    proof jsonb not null default '{}',
    erased_at timestamptz not null,
    keep_until timestamptz not null,
    primary key (workspace_id, hash, topic, channel, at, state)
);
create index erased_consents_keep on erased_consents (keep_until);
comment on table erased_consents is
    'Lines of ledgers of erased people, by the keyed hash that their address has in tombstones; removed after keep_until';
comment on column erased_consents.proof is
    'Of the wording version, language and SHA-256, of the privacy notice the version, when it was confirmed, what it rested on';

grant select, insert on erased_consents to loods_operator;
grant select on erased_consents to loods_tool;
grant select (workspace_id, hash, topic, channel, at, state, keep_until), delete on erased_consents to loods_scoring;
-- Whether it has the key, a tool must know before it says that nothing is on record.
grant select on erasure_key to loods_tool;

alter table erased_consents enable row level security;
create policy every_workspace on erased_consents
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on erased_consents to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));
