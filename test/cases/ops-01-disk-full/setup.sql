-- 7 MB that hardly compress.
create table t (id int primary key, pad text, updated_at timestamptz not null default now());
insert into t select g, (select string_agg(md5(g || ' ' || n), '') from generate_series(1, 20) n) from generate_series(1, 10000) g;
