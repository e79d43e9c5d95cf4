-- Postcards: mailers with Chromium look for them apart from mails and requests, since a card takes seconds to make.

comment on column messages.channel is
    'How it goes: email to the contact, notify to the team by mail, webhook by an HTTP request, site to the contact''s next visit, postcard by post';

create index messages_carded on messages (look_at) where channel = 'postcard' and look_at is not null;
create index messages_carded_held on messages (due_at) where channel = 'postcard' and due_at is not null;
