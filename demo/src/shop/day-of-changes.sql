-- A day in the shop, in one transaction: all rows it touches get the same updated_at.
INSERT INTO customers
SELECT n, 'new' || n || '@example.com', 'New Customer ' || n, 'DE', NULL, true, '{}', now(), now()
FROM generate_series(2001, 2025) AS n;

INSERT INTO orders
SELECT n, 1 + pick('customer' || n, 2025), 'placed', 'EUR', 49.90, NULL, now(), now()
FROM generate_series(20001, 20200) AS n;

INSERT INTO order_items
SELECT n, 1, 1 + pick('product' || n || 1, 400), 1, 49.90, now() FROM generate_series(20001, 20200) AS n;

UPDATE orders SET status = 'delivered', updated_at = now() WHERE status = 'shipped' AND id > 19000;
UPDATE products SET price = price * 0.9, updated_at = now() WHERE 'sale' = ANY (tags) AND id <= 100;
