-- What lies ready for a contact's next visit is held to suppressions when it is shown, and not only before it is laid out. The edge
-- learns whether there is one, and of no address. The build before does not ask.

create function is_suppressed_visitor(workspace integer, contact uuid, is_marketing boolean) returns boolean
    language sql stable security definer as $$
    select exists (
        select from contacts c
        join suppressions s on s.workspace_id = c.workspace_id and s.address = lower(c.attributes ->> 'email')
        where c.workspace_id = workspace and c.contact_id = contact and s.reason <> 'invalid-address'
            and (is_marketing or s.reason not in ('complaint', 'marketing')))
$$;
comment on function is_suppressed_visitor(integer, uuid, boolean) is
    'Whether a suppression of the contact''s address stops what a site would show, be it marketing or not';
revoke execute on function is_suppressed_visitor(integer, uuid, boolean) from public;
grant execute on function is_suppressed_visitor(integer, uuid, boolean) to loods_ingest;
do $$
begin
    execute format(
        'alter function is_suppressed_visitor(integer, uuid, boolean) set search_path = %I, pg_temp', current_schema());
end $$;
