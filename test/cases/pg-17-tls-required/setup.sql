create table t (id int primary key, updated_at timestamptz default now());
insert into t values (1);
create role case_pg_17 login password 'case_pg_17';
grant select on t to case_pg_17;
