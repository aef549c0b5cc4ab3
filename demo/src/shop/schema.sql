-- An e-commerce shop with a variety of types: enums, arrays, JSON, exact money, microseconds.
CREATE TYPE order_status AS ENUM ('placed', 'paid', 'shipped', 'delivered', 'returned');

CREATE TABLE customers (
  id bigint PRIMARY KEY,
  email text NOT NULL UNIQUE,
  full_name text NOT NULL,
  country char(2) NOT NULL,
  birthday date,
  is_subscribed boolean NOT NULL,
  preferences jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX ON customers (updated_at);

CREATE TABLE products (
  id integer PRIMARY KEY,
  sku uuid NOT NULL UNIQUE,
  title text NOT NULL,
  price numeric(10,2) NOT NULL,
  weight_kg double precision,
  tags text[] NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX ON products (updated_at);

CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers,
  status order_status NOT NULL,
  currency char(3) NOT NULL,
  total numeric(12,2) NOT NULL,
  note text,
  ordered_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX ON orders (updated_at);

CREATE TABLE order_items (
  order_id bigint NOT NULL REFERENCES orders,
  line smallint NOT NULL,
  product_id integer NOT NULL REFERENCES products,
  quantity integer NOT NULL,
  unit_price numeric(10,2) NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (order_id, line)
);
CREATE INDEX ON order_items (updated_at);
