create table t (id int primary key, tenant text, updated_at timestamptz default now());
insert into t select g, case when g % 2 = 0 then 'a' else 'b' end from generate_series(1, 10) g;
alter table t enable row level security;
create policy p on t using (tenant = current_setting('app.tenant', true));
create view v as select * from t;
create view vi with (security_invoker = true) as select * from t;
create role case_pg_11 login password 'case_pg_11';
grant select on t, v, vi to case_pg_11;
