create table t (id int primary key, updated_at timestamptz default now());
insert into t values (1);
do $$ begin
  if not exists (select from pg_roles where rolname = 'case_pg_19') then
    create role case_pg_19 login password 'p@ss:w/o#r?d%&=+ é';
  end if;
end $$;
grant select on t to case_pg_19;
