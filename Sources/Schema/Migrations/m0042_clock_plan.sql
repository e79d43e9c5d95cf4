-- The clock is read in every transaction: PL/pgSQL keeps the plan, which a function in SQL is given anew each time.
create or replace function clock_time() returns timestamptz language plpgsql volatile as
    $$ begin return (select case mode when 'stepped' then at else clock_timestamp() end from clock); end $$;
