create role case_pg_21 login password 'case_pg_21' connection limit 1;
do $$ begin
  for n in 1..6 loop
    execute format('create table t%s (id int primary key, updated_at timestamptz not null default now() - interval ''5 min'')', n);
    execute format('insert into t%s select g from generate_series(1, 1000) g', n);
  end loop;
end $$;
grant select on all tables in schema public to case_pg_21;
