-- How many runs a migration has moved is told with each portion, so that one that is interrupted stands in the history too.
grant update (runs) on interventions to loods_tool;
comment on table interventions is
    'What was done with journeys besides applying definitions; lines are added, and of a migration under way the runs grow';
