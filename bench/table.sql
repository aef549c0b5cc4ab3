CREATE TABLE bench_orders (
  id bigint PRIMARY KEY,
  customer_id integer NOT NULL,
  status text NOT NULL,
  currency char(3) NOT NULL,
  total numeric(12,2) NOT NULL,
  note text,
  ordered_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
