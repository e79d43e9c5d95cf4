-- ingest works by the definitions: forms, ratings, and what is gated.

grant select (revision) on workspaces to loods_ingest;
grant select on definitions to loods_ingest;
