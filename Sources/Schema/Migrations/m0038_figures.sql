-- What services show of the store is read at once: a mailer's part of it failed for want of the right to count these.
grant select on wakes, backfills to loods_mailer;
