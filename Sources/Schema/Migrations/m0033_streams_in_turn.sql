-- Mailers look for the mails of each workspace's streams in turn, transactional mail and marketing apart, and so they do for
-- those that were held: however many wait in one, the others are found at once. What waits in line has a due time that no
-- clock gets to, and is left out.

create index messages_looked_for_by_stream on messages (workspace_id, (topic is null), look_at)
    where look_at is not null and channel in ('email', 'notify');
create index messages_held_by_stream on messages (workspace_id, (topic is null), due_at)
    where due_at < '9998-12-30 00:00:00+00' and channel in ('email', 'notify');

-- The first does what it did.
drop index messages_looked_for_in_turn;
