-- Seals on the ledger of consents: the database notes a digest of each line that is added to it or taken from it, whoever does
-- that, and scoring seals the digests in a chain of hashes. A build before needs to know nothing of it.

alter table consents add column salt uuid not null default gen_random_uuid();
comment on column consents.salt is
    'Random, part of the digest, and gone with the line: what was erased cannot be guessed from its digest';

create table consent_digests (
    workspace_id integer not null,
    note bigint generated always as identity,
    removed boolean not null,
    digest bytea not null,
    login text not null,
    seal integer,
    primary key (workspace_id, note)
);
create index consent_digests_digest on consent_digests (workspace_id, digest);
create index consent_digests_seal on consent_digests (workspace_id, seal);
create index consent_digests_unsealed on consent_digests (workspace_id, note) where seal is null;
comment on table consent_digests is 'Each line ever added to the ledger of consents or removed from it, by its digest';
comment on column consent_digests.digest is 'SHA-256, as consent_digest() takes it';
comment on column consent_digests.login is 'Whose connection did it: scoring moves lines as contacts merge, operators erase';
comment on column consent_digests.seal is 'The seal that takes it in; null for those to come';

create table consent_seals (
    workspace_id integer not null,
    number integer not null,
    sealed_at timestamptz not null,
    digests integer not null,
    head bytea not null,
    primary key (workspace_id, number)
);
create index consent_seals_head on consent_seals (workspace_id, head);
comment on table consent_seals is 'The chain of seals of each workspace, from 1 on';
comment on column consent_seals.head is 'SHA-256 of the head before, the number, the time, and the digests in their order';

-- A text that cannot be taken for two, or for none (cr.yp.to/proto/netstrings.txt).
create function netstring(value text) returns text language sql immutable as
    $$ select coalesce(octet_length(value) || ':' || value || ',', '-') $$;

create function consent_digest(
    workspace_id integer, contact_id uuid, topic text, channel text, address text, at timestamptz, event_id text,
    state text, wording text, source text, proof jsonb, recorded_at timestamptz, salt uuid
) returns bytea language sql stable as
    $$
        select sha256(convert_to(
            netstring(workspace_id::text) || netstring(contact_id::text) || netstring(topic) || netstring(channel)
            || netstring(address) || netstring(encode(timestamptz_send(at), 'hex')) || netstring(event_id)
            || netstring(state) || netstring(wording) || netstring(source) || netstring(proof::text)
            || netstring(encode(timestamptz_send(recorded_at), 'hex')) || netstring(salt::text), 'UTF8'))
    $$;

create function note_changed_consents() returns trigger language plpgsql security definer as $$
begin
    insert into consent_digests (workspace_id, removed, digest, login)
    select workspace_id, tg_op = 'DELETE', consent_digest(
        workspace_id, contact_id, topic, channel, address, at, event_id, state, wording, source, proof, recorded_at, salt),
        session_user
    from changed order by workspace_id, contact_id, topic, channel, address, at, event_id;
    return null;
end $$;
revoke execute on function netstring(text), note_changed_consents(), consent_digest(
    integer, uuid, text, text, text, timestamptz, text, text, text, text, jsonb, timestamptz, uuid) from public;

do $$
begin
    execute format('alter function note_changed_consents() set search_path = %I, pg_temp', current_schema());
end $$;

create trigger consents_added after insert on consents referencing new table as changed
    for each statement execute function note_changed_consents();
create trigger consents_removed after delete on consents referencing old table as changed
    for each statement execute function note_changed_consents();

-- What stands already.
insert into consent_digests (workspace_id, removed, digest, login)
select workspace_id, false, consent_digest(
    workspace_id, contact_id, topic, channel, address, at, event_id, state, wording, source, proof, recorded_at, salt),
    session_user
from consents order by workspace_id, recorded_at;

grant select, update (seal) on consent_digests to loods_scoring;
grant select, insert on consent_seals to loods_scoring;
grant select on consent_digests, consent_seals to loods_operator, loods_tool;

alter table consent_digests enable row level security;
create policy every_workspace on consent_digests
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on consent_digests to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));
alter table consent_seals enable row level security;
create policy every_workspace on consent_seals
    to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, loods_operator using (true) with check (true);
create policy bound_workspace on consent_seals to loods_tool, loods_reader
    using (workspace_id = (select bound_workspace()));
