-- A store that was restored to an earlier time may hold what lies ready for people who were erased since: what sites show waits
-- for `loods fence` as mails do.

create or replace function is_suppressed_visitor(workspace integer, contact uuid, is_marketing boolean) returns boolean
    language sql stable security definer as $$
    select exists (
        select from contacts c
        join suppressions s on s.workspace_id = c.workspace_id and s.address = lower(c.attributes ->> 'email')
        where c.workspace_id = workspace and c.contact_id = contact and s.reason <> 'invalid-address'
            and (is_marketing or s.reason not in ('complaint', 'marketing')))
        or exists (select from lineage where refusal is not null)
$$;
comment on function is_suppressed_visitor(integer, uuid, boolean) is
    'Whether a suppression of the contact''s address stops what a site would show, be it marketing or not, or a restore does';
do $$
begin
    execute format(
        'alter function is_suppressed_visitor(integer, uuid, boolean) set search_path = %I, pg_temp', current_schema());
end $$;
