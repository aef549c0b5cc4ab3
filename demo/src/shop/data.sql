-- The same rows each time: every "random" choice comes from the md5 of a label and the row's number.
CREATE FUNCTION pick(seed text, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE
AS $$ SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::integer) % choices $$;

INSERT INTO customers
SELECT n,
  lower(first || '.' || last || n || '@example.com'), first || ' ' || last,
  (ARRAY['DE', 'FR', 'NL', 'PL', 'IT', 'ES', 'SE', 'AT'])[1 + pick('country' || n, 8)],
  CASE WHEN pick('birthday' || n, 5) > 0 THEN date '1950-01-01' + pick('born' || n, 20000) END,
  pick('subscribed' || n, 3) > 0,
  jsonb_build_object('language', (ARRAY['de', 'fr', 'en', 'pl'])[1 + pick('lang' || n, 4)], 'newsletter', pick('news' || n, 2) = 0),
  at, at + make_interval(secs => pick('login' || n, 5000000) / 10.0)
FROM (
  SELECT n,
    (ARRAY['Anna', 'Ben', 'Chloé', 'David', 'Elif', 'Finn', 'Greta', 'Hugo', 'Inès', 'Jonas', 'Łucja', 'Mats', 'Nora', 'Óscar'])[1 + pick('first' || n, 14)] AS first,
    (ARRAY['Schmidt', 'Martin', 'de Vries', 'Kowalski', 'Rossi', 'García', 'Lindqvist', 'Gruber', 'O''Neil', 'Weiß'])[1 + pick('last' || n, 10)] AS last,
    timestamptz '2026-01-01 00:00:00+00' + make_interval(secs => n * 7000.123457) AS at
  FROM generate_series(1, 2000) AS n) AS people;

INSERT INTO products
SELECT n, md5('sku' || n)::uuid,
  (ARRAY['Oak', 'Steel', 'Linen', 'Wool', 'Glass', 'Bamboo'])[1 + pick('material' || n, 6)] || ' ' ||
  (ARRAY['lamp', 'table', 'blanket', 'chair', 'vase', 'basket', 'mirror'])[1 + pick('thing' || n, 7)] || ' No. ' || n,
  (500 + pick('price' || n, 40000)) / 100.0,
  CASE WHEN pick('weighed' || n, 10) > 0 THEN 0.1 + pick('weight' || n, 3000) / 100.0 END,
  (ARRAY['new', 'sale', 'eco', 'gift, wrapped', '"limited"'])[1 + pick('tag' || n, 3):2 + pick('tags' || n, 4)],
  timestamptz '2026-03-01 08:00:00+00' + make_interval(mins => pick('repriced' || n, 100000))
FROM generate_series(1, 400) AS n;

-- 200 orders a day for 100 days. A nightly job updates all orders of a day at the same instant, so that many tie.
INSERT INTO orders
SELECT n, 1 + pick('customer' || n, 2000),
  (ARRAY['placed', 'paid', 'shipped', 'delivered', 'delivered', 'delivered', 'returned'])[1 + pick('status' || n, 7)]::order_status,
  CASE WHEN pick('currency' || n, 6) = 0 THEN 'SEK' ELSE 'EUR' END, 0,
  CASE WHEN pick('noted' || n, 4) = 0 THEN (ARRAY['Please ring twice', E'Leave at\nthe back door', 'C/O "Café Ängel"', 'Gift 🎁'])[1 + pick('note' || n, 4)] END,
  at, date_trunc('day', at, 'UTC') + interval '1 day'
FROM (
  SELECT n, timestamptz '2026-07-01 00:00:00+00' + make_interval(secs => n * 432.000017) AS at
  FROM generate_series(1, 20000) AS n) AS placed;

INSERT INTO order_items
SELECT o.id, line, p.id, 1 + pick('quantity' || o.id || line, 4), p.price, o.updated_at
FROM orders AS o
CROSS JOIN LATERAL generate_series(1, 1 + pick('lines' || o.id, 4)) AS line
JOIN products AS p ON p.id = 1 + pick('product' || o.id || line, 400);

UPDATE orders SET total = sums.total
FROM (SELECT order_id, sum(quantity * unit_price) AS total FROM order_items GROUP BY order_id) AS sums
WHERE sums.order_id = orders.id;
