create table real_orders (id int primary key, amount numeric(12,2), d date, t timestamptz, m money, f float4, b bytea,
  updated_at timestamptz not null default now() - interval '10 min');
insert into real_orders values (1, 1.10, '2024-01-01', '2024-01-01 00:00:00.123456+02', 12.34, 0.1, '\x00ff'), (2, 'NaN', 'infinity', '-infinity', null, 'NaN', null);
create extension postgres_fdw;
create role case_pg_15 login password 'case_pg_15';
grant select on real_orders to case_pg_15;
do $$ begin
  execute format('create server loop foreign data wrapper postgres_fdw options (host %L, port %L, dbname %L)',
    '127.0.0.1', current_setting('port'), current_database());
end $$;
create user mapping for public server loop options (user 'case_pg_15', password 'case_pg_15');
create foreign table orders (id int, amount numeric(12,2), d date, t timestamptz, m money, f float4, b bytea, updated_at timestamptz)
  server loop options (table_name 'real_orders');
