DO $$ BEGIN EXECUTE (
  SELECT format('create table wide (id int primary key, updated_at timestamptz not null default now(), %s)',
    string_agg(format('c%s %s', lpad(n::text, 4, '0'), (array['int', 'text', 'numeric(12,2)', 'timestamptz', 'boolean'])[1 + n % 5]), ', ' order by n))
  FROM generate_series(0, 1597) n
); END $$;
insert into wide (id, c0000, c0001, c0003, c1597)
select g, g, 'x' || g, timestamptz '2024-01-01 00:00Z' + (g % 150) * interval '1 day', g from generate_series(1, 50) g;
