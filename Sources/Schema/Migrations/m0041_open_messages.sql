-- What mailers have in their hands, one message by its whole key at a time. Whom a contact merged into is looked up first: a
-- plan that goes to the messages before knows half of their key, and reads all that the workspace has.
create or replace view open_messages as
    select c.claim_id, m.workspace_id, m.contact_id, m.message_id, m.state
    from claims c
    cross join lateral unnest(c.workspace_ids, c.contact_ids, c.message_ids) as u (workspace_id, contact_id, message_id)
    join contacts k on k.workspace_id = u.workspace_id and k.contact_id = u.contact_id
    cross join lateral (
        -- "offset 0" keeps the planner from joining in another order.
        select m.workspace_id, m.contact_id, m.message_id, m.state, m.claim_id from messages m
        where m.workspace_id = k.workspace_id and m.contact_id = coalesce(k.merged_into, k.contact_id)
            and m.message_id = u.message_id
        offset 0
    ) m
    where m.claim_id = c.claim_id and m.state in ('claimed', 'handed');
