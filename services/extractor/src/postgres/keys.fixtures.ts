/** Types outside `pg_catalog` are in schemas that no `search_path` names; one needs quotes. */
export const TYPES_SQL = `
  CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION ltree SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext;
  CREATE SCHEMA "Odd ""one";
  CREATE COLLATION "Odd ""one"."any Case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE COLLATION ext.swedish (provider = icu, locale = 'sv');
  CREATE TYPE "Odd ""one"."Mood, x" AS ENUM (${Array.from({ length: 40 }, (_, n) => `'m"${(n * 7) % 40}, ''x'`).join(', ')});
  CREATE DOMAIN ext.feeling AS "Odd ""one"."Mood, x"; CREATE DOMAIN ext.feelings AS ext.feeling;
  CREATE TYPE "Odd ""one"."Pair" AS (a integer, "B" ext.citext, at timestamptz, price money);
  CREATE DOMAIN ext.couple AS "Odd ""one"."Pair";
  CREATE DOMAIN ext.price AS money; CREATE DOMAIN ext.word AS text COLLATE ext.swedish;
  CREATE DOMAIN ext.email AS ext.citext CHECK (VALUE <> 'never');
  CREATE TYPE ext.spans AS RANGE (subtype = interval); CREATE TYPE ext.prices AS RANGE (subtype = money)`;

/** The n-th of 40 keys of a type, and its extreme values. */
export const KEYS: readonly (readonly [type: string, nth: string, extremes?: readonly string[]])[] = [
  ['smallint', '20 - n', ['-32768', '32767']],
  ['bigint', '(n - 20) * 9007199254740993', ['-9223372036854775808', '9223372036854775807']],
  ['numeric', '(n - 20) / 7.0', ["'NaN'", "'Infinity'", "'-Infinity'", '1e-300', '-1e300']],
  ['real', 'n / 7.0', ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", '1e-45', '16777217']],
  [
    'double precision',
    'n / 7.0',
    ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", '5e-324', '0.1', '1.7976931348623157e308'],
  ],
  ['money', '(n - 20) * 1234.56', ["'-92233720368547758.08'", "'92233720368547758.07'"]],
  ['ext.price', '(n - 20) * 1234.56'],
  ['money[]', 'ARRAY[n * 1000.5, NULL, -n]::money[]'],
  ['ext.price[]', 'ARRAY[n * 1000.5, NULL, -n]::money[]::ext.price[]'],
  ['boolean', 'n % 2 = 0'],
  [
    'date',
    "date '2024-01-01' + n",
    ["'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'", "'0044-03-15 BC'"],
  ],
  [
    'timestamp',
    "timestamp '2024-01-01' + n * interval '1.000001 s'",
    ["'infinity'", "'-infinity'", "'4713-01-01 BC'", "'294276-12-31 23:59:59.999999'"],
  ],
  [
    'timestamptz',
    "timestamptz '2024-10-27 00:00Z' + n * interval '15 min'",
    ["'infinity'", "'-infinity'", "'0044-03-15 BC'"],
  ],
  ['time', "time '00:00' + n * interval '1.5 min'", ["'24:00:00'", "'23:59:59.999999'"]],
  ['timetz', "(n % 24) || ':00:00.25+0' || n % 3 || ':30:15'", ["'24:00:00-15:59:59'", "'00:00:00+15:59:59'"]],
  [
    'interval',
    'make_interval(years => n - 20, months => n * 3, days => -n, hours => n, secs => -n / 7.0)',
    [
      "'infinity'",
      "'-infinity'",
      "'-178000000 years'",
      "'178000000 years 2147483647 days'",
      "'-00:00:00.000001'",
      "'-2562047788:00:54.775807'",
    ],
  ],
  ['text', "repeat('a', n) || E'\\'\\\\\\t\\n' || chr(80 + n)", ["''", "'🎁'", "E'\\x01'", "'Ä'", "'\\N'"]],
  ['text COLLATE ext.swedish', "chr(60 + n) || 'x'", ["'Ä'", "'z'", "'Å'", "'å'", "'Ö'", "''"]],
  ['text COLLATE "Odd ""one"."any Case"', 'chr(64 + n)'],
  ['text[] COLLATE ext.swedish', "ARRAY[chr(60 + n), NULL, 'NULL', 'a,b\"\\']"],
  ['name', "'n' || n", ["'Ä'"]],
  ['name COLLATE ext.swedish', 'chr(60 + n)', ["'Ä'", "'å'"]],
  ['"char"', 'chr(32 + n)', ["''", "'\\377'"]],
  ['varchar(9)', "'v  ' || n"],
  ['char(9)', "'c ' || n", ["''", "E'\\t'"]],
  ['bpchar', "'c ' || n || '  '"],
  ['bytea', "decode(lpad(to_hex(n * 7), 4, '0'), 'hex')", ["''", "'\\x5c27'"]],
  ['bit(9)', 'n::bit(9)'],
  ['varbit', 'substring(n::bit(9) from n % 9 + 1)', ["''"]],
  ['uuid', 'md5(n::text)::uuid', ["'00000000-0000-0000-0000-000000000000'"]],
  ['inet', "'10.0.' || n || '.1/' || 8 + n % 24", ["'::1'", "'fe80::1/64'", "'0.0.0.0/0'"]],
  ['cidr', "set_masklen(('10.0.' || n || '.0')::inet, 24)::cidr", ["'::/0'"]],
  ['macaddr', "'08:00:2b:01:02:' || lpad(to_hex(n), 2, '0')"],
  ['macaddr8', "'08:00:2b:01:02:03:04:' || lpad(to_hex(n), 2, '0')"],
  ['oid', 'n::oid', ['4294967295']],
  ['xid8', 'n::text::xid8', ["'18446744073709551615'"]],
  ['tid', "format('(%s,%s)', n / 3, n % 3 + 1)"],
  ['pg_lsn', "format('%s/%s', n, n)", ["'FFFFFFFF/FFFFFFFF'"]],
  ['regclass', '(SELECT oid FROM pg_class ORDER BY oid DESC OFFSET n LIMIT 1)', ["'0'"]],
  ['oidvector', "n || ' ' || 41 - n"],
  ['tsvector', "to_tsvector('simple', 'it''s word' || n || ' and x:1')"],
  ['tsquery', "to_tsquery('simple', 'w' || n || ' & (!a | b:*)')"],
  ['jsonb', "jsonb_build_object('n', n / 7.0, 'q', '\"''')", ["'null'", "'[]'", "'1e400'", '\'"\\u0001"\'']],
  ['integer[]', 'ARRAY[n, NULL, -n]', ["'{}'", "'[-1:1][2:2]={{1},{2},{3}}'"]],
  ['interval[]', "ARRAY[make_interval(secs => n), '-infinity', NULL]"],
  ['float8[]', "ARRAY[n / 7.0, 'NaN', '-0']"],
  ['bytea[]', "ARRAY[decode(lpad(to_hex(n), 4, '0'), 'hex')]"],
  ['int4range', "int4range(n - 20, n, '[]')", ["'empty'", "'(,)'", "'(,5)'"]],
  ['tstzrange', "tstzrange(timestamptz '2024-01-01' + n * interval '1 day', 'infinity')", ["'empty'"]],
  ['nummultirange', 'nummultirange(numrange(n, n + 0.5), numrange(n + 1, NULL))', ["'{}'"]],
  ['ext.spans', 'ext.spans(make_interval(days => n), make_interval(days => n * 2, secs => 0.5))'],
  ['ext.prices', 'ext.prices(n * 1000.5::money, NULL)'],
  ['"Odd ""one"."Mood, x"', "'m\"' || n - 1 || ', ''x'"],
  ['"Odd ""one"."Mood, x"[]', "ARRAY['m\"' || n - 1 || ', ''x', NULL]"],
  ['ext.feeling', "'m\"' || n - 1 || ', ''x'"],
  ['ext.feelings', "'m\"' || n - 1 || ', ''x'"],
  [
    '"Odd ""one"."Pair"',
    'ROW(n % 7, chr(64 + n), timestamptz \'2024-01-01\' + n * interval \'1 h\', n * 1000)::"Odd ""one"."Pair"',
    ['ROW(NULL, NULL, NULL, NULL)'],
  ],
  ['ext.couple', 'ROW(n % 7, chr(64 + n), NULL, n * 1000)::"Odd ""one"."Pair"'],
  ['ext.citext', 'chr(64 + n % 26) || chr(96 + n)', ["''"]],
  ['ext.email', 'chr(64 + n % 26) || chr(96 + n)'],
  ['ext.citext[]', 'ARRAY[chr(64 + n % 26), chr(96 + n)]::ext.citext[]'],
  ['ext.ltree', "'Top.x' || n || '.y'", ["''"]],
  ['ext.hstore', 'format(\'a=>"%s", B=>NULL\', n)'],
  ['ext.word', 'chr(60 + n)', ["'Ä'", "'å'"]],
  ['ext.word COLLATE "C"', 'chr(60 + n)', ["'Ä'", "'å'"]],
];
