import type { Column } from '@bronze/common/words/entity';

export type Staged = Readonly<Record<string, string | null>>;

export const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'bigint' },
  { name: 'small', type: 'integer' },
  { name: 'price', type: 'numeric(12,2)' },
  { name: 'ratio', type: 'double precision' },
  { name: 'thin', type: 'real' },
  { name: 'flag', type: 'boolean' },
  { name: 'at', type: 'timestamp with time zone' },
  { name: 'local_at', type: 'timestamp without time zone' },
  { name: 'day', type: 'date' },
  { name: 'doc', type: 'jsonb' },
  { name: 'raw', type: 'bytea' },
  { name: 'note', type: 'text' },
];

export const GOOD: Staged = {
  id: '9223372036854775807',
  small: '-2147483648',
  price: '9999999999.99',
  ratio: '0.1',
  thin: '3.4028235e+38',
  flag: 't',
  at: '2024-01-15 10:32:00.123456+00',
  local_at: '0001-01-01 00:00:00',
  day: '9999-12-31',
  doc: '{"a": [1, 2.50]}',
  raw: '\\xdeadbeef00',
  note: 'say "hi" \\ 🎁\n',
};

export const NULLS: Staged = Object.fromEntries(COLUMNS.map(({ name }) => [name, null]));

/** Values of each type that fit exactly, and values that must go to the quarantine. */
export const FITTING: Readonly<Record<string, readonly string[]>> = {
  id: ['0', '-9223372036854775808', '9007199254740993'],
  small: ['0', '2147483647'],
  price: ['0.00', '-0.29', '0.29', '12.30', '-9999999999.99'],
  ratio: [
    'NaN',
    'Infinity',
    '-Infinity',
    '1e+300',
    '5e-324',
    '1.7976931348623157e+308',
    '123456789.12345679',
    '9.999999999999999e+22',
    '-12.5',
    '-0',
    '0.30000000000000004',
    // 2^81, of which DuckDB's own text is wrong, and 2^-44, of which the nearest 16 digits are another number.
    '2.4178516392292583e+24',
    '5.684341886080802e-14',
  ],
  thin: ['NaN', '1e-45', '16777216', '0.1', '3.1415927', '5.033165e+07'],
  flag: ['f'],
  at: [
    '1969-12-31 23:59:59.999999+00',
    '0001-01-01 00:00:00+00',
    '9999-12-31 23:59:59.999999+00',
    '2024-02-29 00:00:00.5+00',
  ],
  local_at: [
    '2255-06-05 23:47:34.740993',
    '9999-12-31 23:59:59.999999',
    '2024-01-15 20:09:07.000001',
    '2024-01-15 19:00:00.1',
  ],
  day: ['0001-01-01', '1969-12-31', '2000-02-29'],
  doc: ['[]', 'null', '12345678901234567890.10', '{"b":1,"a":1}'],
  raw: ['\\x', '\\x00'],
  note: ['', ' ', 'null', 'NaN', '\\N', '\u0001', "'; DROP TABLE x; --"],
};
/** Texts that fit exactly although PostgreSQL would spell them otherwise. An API may send them. */
export const SPELLED_OTHERWISE: Readonly<Record<string, readonly string[]>> = {
  price: ['7', '-0', '12.3000'],
  ratio: [
    '0.0',
    '0e+0',
    '1e+0007',
    '100000000000000000000',
    '0.00000000000000000001',
    '0.10000000000000001',
    '4.9e-324',
    '9007199254740992',
    // Exactly halfway between two that read back as it.
    '663628909699107.12',
    '663628909699107.13',
  ],
  thin: ['38.4257812', '38.4257813', '1.50', '1e+05', '50331648', '0.000244140625', '3.14159274'],
};
export const UNFIT: Readonly<Record<string, readonly string[]>> = {
  id: ['9223372036854775808', '1.5', ' 1', '0x1F', '1e3', '', '1_000', '-0', '+1', '01'],
  small: ['2147483648', '-2147483649', '1.0', ''],
  price: ['NaN', '12.345', '10000000000.00', 'Infinity', '1e2', '', '.5', '007.00', '1.', '--1', '1.2.3'],
  ratio: [
    '1e400',
    '1e-400',
    '',
    'nan',
    '0.123456789012345678',
    '0.12345678901234567891',
    '100000000000000001',
    '9007199254740993',
    '0.30000000000000003',
    '3e-324',
    '663628909699107.14',
    '0e-12345',
    '1e5',
    '.5',
    '1.',
    '-',
  ],
  thin: ['1e39', '1e-46', '0.1234567891', '0e-12345', '16777217', '3.14159265', '-0.123456789', '8.589973e+09'],
  flag: ['true', '1', ''],
  at: [
    'infinity',
    '-infinity',
    '0044-03-15 12:00:00+00 BC',
    '10000-01-01 00:00:00+00',
    '2024-01-15 10:32:00.1234567+00',
    '2024-01-15 10:32:00',
    '2024-01-15 10:32:00+02',
    'epoch',
    '2024-02-30 00:00:00+00',
  ],
  local_at: [
    'infinity',
    '2024-01-15 24:00:00',
    '2024-01-15T10:32:00',
    '2024-01-15 10:60:00',
    '2024-01-15 10:32:60',
    '2024-01-15 10:32:00.10',
    '2024-01-15 10:32:00.',
    '2024-01-15 10:32',
    '2024-01-15',
    '2023-02-29 10:32:00',
    '0000-12-31 10:32:00',
    '12024-01-15 10:32:00',
  ],
  day: ['infinity', '0044-03-15 BC', '2023-02-29', '20240115', '10000-01-01', '0000-12-31', '2024-1-15', ' 2024-01-15'],
  raw: ['\\xa', 'deadbeef', '\\xDEADBEEF', '\\xzz', '\\x00 ', 'x\\x00', ''],
};

export const cases = (table: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(table).flatMap(([name, values]) => values.map((value): [string, string] => [name, value]));
