-- People: who is one person and why, companies, objection to profiling, erasure.
--
-- Only adds: a service of the release before links names without saying so, and what it links stays where it put it.

-- Identity. Every name has a subject of its own; a link is one event's word that two subjects are one person.

create table identity_links (
    workspace_id integer not null,
    subject_id uuid not null,
    other_id uuid not null,
    at timestamptz not null,
    event_id text collate "C" not null,
    held boolean not null,
    primary key (workspace_id, subject_id, other_id)
);
create index identity_links_other on identity_links (workspace_id, other_id);
comment on table identity_links is
    'Which subjects events named together, by the earliest event that did; whoever is one person follows from these alone';
comment on column identity_links.held is
    'Whether the two are one person by this link; false: others say so already, or both ends are two users';

create table merges (
    workspace_id integer not null,
    contact_id uuid not null,
    subject_id uuid not null,
    event_at timestamptz not null,
    event_id text collate "C" not null,
    from_contact uuid not null,
    linked_subject uuid not null,
    linked_other uuid not null,
    rule text not null check (rule in ('joined', 'moved')),
    decided_at timestamptz not null,
    primary key (workspace_id, contact_id, subject_id, event_at, event_id)
);
create index merges_subject on merges (workspace_id, subject_id);
create index merges_from on merges (workspace_id, from_contact);
comment on table merges is 'Every merge, and every move of a subject that an earlier link takes to another: when, by which event and link';
comment on column merges.contact_id is 'The contact that the subject came to';
comment on column merges.linked_subject is 'Of the link by which it came: whom the event was about; linked_other is the weaker name';

-- Companies

create table companies (
    workspace_id integer not null,
    company_id text collate "C" not null,
    attributes jsonb not null default '{}',
    attribute_marks jsonb not null default '{}',
    stirred_from uuid,
    created_at timestamptz not null,
    primary key (workspace_id, company_id)
);
create index companies_stirred on companies (workspace_id, company_id) where stirred_from is not null;
comment on column companies.stirred_from is
    'Its attributes have changed, and members behind this contact are still to be marked for evaluation; null: all are';
comment on table companies is 'What group calls say of companies; per attribute the last writer wins';

alter table contacts add column company_id text collate "C";
alter table contacts add column company_at timestamptz;
alter table contacts add column company_event_id text collate "C";
create index contacts_company on contacts (workspace_id, company_id) where company_id is not null;
comment on column contacts.company_id is 'The company of the last group call by (company_at, company_event_id); null with a mark: it left';

-- Objection and erasure

alter table contacts add column stirred boolean not null default false;
comment on column contacts.stirred is 'Something that is not its own has changed since it was evaluated: its company';
alter table contacts add column objects boolean not null default false;
comment on column contacts.objects is 'Whether the contact objects to profiling: no scores, no segments';
alter table contacts add column erased_before timestamptz;
comment on column contacts.erased_before is 'Somebody of this name was erased then: what happened or came before is nobody''s';

create table tombstones (
    workspace_id integer not null,
    hash bytea not null,
    kind text not null check (kind in ('subject', 'address')),
    reason text,
    erased_at timestamptz not null,
    primary key (workspace_id, hash)
);
comment on table tombstones is 'Keyed hashes of what was erased, so that nothing of before comes back; the key is in no database';
comment on column tombstones.reason is 'Of an address: why it gets no mail; erased: until a consent that is given afterwards';

create table erasure_key (
    only_row boolean primary key default true check (only_row),
    proof bytea not null
);
comment on table erasure_key is 'One row: what tells whether a process has the key of the tombstones; made with the first';

create table erasures (
    workspace_id integer not null,
    erasure_id uuid not null,
    asked_at timestamptz not null,
    asked_by text not null,
    erased_at timestamptz,
    finished_at timestamptz,
    removed jsonb not null default '{}',
    pending jsonb,
    primary key (workspace_id, erasure_id)
);
comment on table erasures is 'That somebody was erased, and how many rows of which table; never who';
comment on column erasures.pending is 'Who, while queues and what is set aside are gone through; null from then on';

-- Deletes what a table has of some subjects, and tells how much. As owner: no role may delete what this removes, and a table
-- that a later step adds is one of those that are gone through.
create function erase_rows(target text, workspace integer, subjects uuid[]) returns bigint
    language plpgsql security definer as $$
declare
    removed bigint := 0;
    found bigint;
    key text;
begin
    -- Who makes such a row just now is waited for; who begins later waits for this, and looks again (SendStates.lock).
    if target = 'send_state' then
        insert into send_state (workspace_id, contact_id)
            select workspace, u.subject from unnest(subjects) as u (subject) order by u.subject
            on conflict do nothing;
        get diagnostics found = row_count;
        removed := -found;
    end if;
    for key in
        select a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = current_schema()::regnamespace and c.relname = target and c.relkind in ('r', 'p')
            and not a.attisdropped and a.attname in ('contact_id', 'subject_id', 'other_id', 'from_contact')
        order by a.attname
    loop
        execute format('delete from %I where workspace_id = $1 and %I = any($2)', target, key)
            using workspace, subjects;
        get diagnostics found = row_count;
        removed := removed + found;
    end loop;
    return removed;
end $$;
comment on function erase_rows(text, integer, uuid[]) is 'Removes the rows of one table about some subjects; for erasure alone';
revoke execute on function erase_rows(text, integer, uuid[]) from public;
grant execute on function erase_rows(text, integer, uuid[]) to loods_operator;
do $$
begin
    execute format('alter function erase_rows(text, integer, uuid[]) set search_path = %I, pg_temp', current_schema());
end $$;

-- Suppresses addresses: what stands stays, and what was claimed for them is fenced off by a new epoch. As owner, since
-- nobody else may add a suppression, and nobody at all may take one away.
create function suppress_addresses(
    workspace integer, addresses text[], reasons text[], instants timestamptz[]) returns bigint
    language plpgsql security definer as $$
declare
    added text[];
begin
    if workspace is distinct from bound_workspace() then
        raise exception 'workspace % is not the one that is bound', workspace;
    end if;
    with found as (
        insert into suppressions (workspace_id, address, reason, at)
        select distinct on (u.address) workspace, u.address, u.reason, u.at
        from unnest(addresses, reasons, instants) as u (address, reason, at) order by u.address, u.at
        on conflict do nothing returning address
    )
    select coalesce(array_agg(address), '{}') into added from found;
    with reached as (
        select c.contact_id from contacts c
        where c.workspace_id = workspace and c.attributes ? 'email'
            and lower(c.attributes ->> 'email') = any(added)
    ), locked as (
        select s.contact_id from send_state s join reached using (contact_id)
        where s.workspace_id = workspace order by s.contact_id for no key update of s
    )
    update send_state s set epoch = s.epoch + 1 from locked l
    where s.workspace_id = workspace and s.contact_id = l.contact_id;
    return cardinality(added);
end $$;
comment on function suppress_addresses(integer, text[], text[], timestamptz[]) is
    'Adds suppressions to the bound workspace; returns how many there were not';
revoke execute on function suppress_addresses(integer, text[], text[], timestamptz[]) from public;
grant execute on function suppress_addresses(integer, text[], text[], timestamptz[]) to loods_tool;
do $$
begin
    execute format(
        'alter function suppress_addresses(integer, text[], text[], timestamptz[]) set search_path = %I, pg_temp',
        current_schema());
end $$;

-- Rights

grant select, insert, update (at, event_id, held) on identity_links to loods_scoring;
grant select (workspace_id, contact_id, subject_id), insert on merges to loods_scoring;
grant select, insert, update (attributes, attribute_marks, stirred_from) on companies to loods_scoring;
grant select on companies to loods_scheduler, loods_mailer;
grant select on tombstones, erasure_key to loods_scoring, loods_mailer, loods_operator;
grant insert, update (erased_at, reason) on tombstones to loods_operator;
grant insert on erasure_key to loods_operator;
grant select, insert, update (erased_at, finished_at, removed, pending) on erasures to loods_operator;
grant select on identity_links, merges, companies to loods_operator, loods_tool, loods_reader;
grant select (workspace_id, erasure_id, asked_at, asked_by, erased_at, finished_at, removed)
    on erasures to loods_tool, loods_reader;
grant update (erased_before) on contacts to loods_operator;
grant delete on suppressions to loods_operator;
grant update (body), delete on set_aside to loods_operator;
grant update (body) on outbox to loods_operator;

do $$
declare
    found text;
begin
    foreach found in array array['identity_links', 'merges', 'companies', 'tombstones', 'erasures'] loop
        execute format('alter table %I enable row level security', found);
        execute format(
            'create policy every_workspace on %I to loods_ingest, loods_scoring, loods_scheduler, loods_mailer, '
            'loods_operator using (true) with check (true)', found);
        execute format(
            'create policy bound_workspace on %I to loods_tool, loods_reader '
            'using (workspace_id = (select bound_workspace()))', found);
    end loop;
end $$;
