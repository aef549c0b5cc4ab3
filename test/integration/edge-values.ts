/** Texts that are cast to a type in PostgreSQL: those whose values must arrive, and those that can only be quarantined. */
interface EdgesOfType {
  readonly type: string;
  readonly arrive: readonly string[];
  readonly quarantined?: readonly string[];
}

export interface EdgeValue {
  readonly id: string;
  /** Each type has a column of its own. */
  readonly column: string;
  readonly type: string;
  readonly text: string;
  readonly isQuarantined: boolean;
}

/** Types that the table's types are made of. */
export const TYPES_SQL = `CREATE TYPE mood AS ENUM ('so, "so"', 'fine', 'ä');
  CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
  CREATE TYPE pair AS (a integer, b text);`;

const list = (texts: string) => texts.split('¦');
const nines = (count: number) => '9'.repeat(count);
/** Least and greatest, the steps next to zero, and zero. */
const decimals = (precision: number, scale: number) => {
  const whole = precision - scale;
  const most = `${whole > 0 ? nines(whole) : '0'}${scale > 0 ? `.${nines(scale)}` : ''}`;
  const step = scale > 0 ? `0.${'0'.repeat(scale - 1)}1` : '1';
  return [most, `-${most}`, step, `-${step}`, '0'];
};

/** Five rows of these are enough for a dictionary that takes 0 and -0 for one value. */
const ZEROS = ['0', '-0', '0', '-0', '0'];
const NOT_FINITE = ['NaN', 'Infinity', '-Infinity'];
const DAYS = ['0001-01-01', '0099-12-31', '1582-10-04', '1582-10-15', '1899-12-31', '1900-02-28', '1969-12-31'];
const LATE_DAYS = ['1970-01-01', '1970-01-02', '2000-02-29', '2024-02-29', '2038-01-20', '2262-04-12', '9999-12-31'];
const NO_DAYS = ['infinity', '-infinity', '0044-03-15 BC', '0001-12-31 BC', '10000-01-01'];
const CLOCKS = ['00:00:00', '23:59:59.999999', '10:32:00.123456', '10:32:00.1', '10:32:00.000001', '12:00:00.5'];
const every = (days: readonly string[], zone = '') =>
  days.flatMap((day, index) => `${day} ${CLOCKS[index % CLOCKS.length]}${zone}`);

const TEXTS = [
  ...list('¦ ¦  two  ¦\t¦\n¦\r\n¦\u0001¦\u001f¦\u007f¦\u0085¦\u00a0¦\u2028¦\ufeffmark'),
  ...list('null¦NULL¦\\N¦\\.¦\\¦\\\\¦\\u0041¦\\x41¦"¦""¦\'¦\'\'¦`¦,¦;--¦{}'),
  ...list("true¦0¦-0¦1e5¦NaN¦2024-01-15¦\b\f\v¦a\tb\nc\rd¦'; DROP TABLE edges; --¦$1¦%s"),
  ...list('é¦e\u0301¦ﬃ¦ß¦İi¦ÄÖÜ¦Ω¦漢字¦한글¦ไทย¦עברית¦العربية¦\u202eabc\u202c¦a\u200db'),
  ...list('🎁¦👩‍👩‍👧‍👦¦🇩🇪¦\u{10ffff}¦\u{10000}¦\ufffd¦\uffff¦\ue000¦\ud7ff'),
  ...list('__HIVE_DEFAULT_PARTITION__¦../../x¦a~/b'),
  'x'.repeat(100_000),
  '🎁'.repeat(10_000),
];

const EDGES: readonly EdgesOfType[] = [
  { type: 'smallint', arrive: ['-32768', '32767', '0', '-1', '1', '255', '256'] },
  { type: 'integer', arrive: ['-2147483648', '2147483647', '0', '-1', '65536'] },
  {
    type: 'bigint',
    arrive: [
      ...list('-9223372036854775808¦9223372036854775807¦0¦-1¦9007199254740991¦9007199254740993'),
      ...list('-9007199254740993¦4294967296¦2147483648'),
    ],
  },
  { type: 'numeric(1,0)', arrive: decimals(1, 0), quarantined: ['NaN'] },
  { type: 'numeric(4,4)', arrive: decimals(4, 4) },
  { type: 'numeric(9,2)', arrive: [...decimals(9, 2), '0.29', '-0.29', '1.10'], quarantined: ['NaN'] },
  { type: 'numeric(18,6)', arrive: decimals(18, 6) },
  { type: 'numeric(19,0)', arrive: [...decimals(19, 0), '9223372036854775808'] },
  { type: 'numeric(38,0)', arrive: [...decimals(38, 0), '12345678901234567890123456789012345678'] },
  { type: 'numeric(38,18)', arrive: [...decimals(38, 18), '1.5', '-1.5'], quarantined: ['NaN'] },
  { type: 'numeric(38,38)', arrive: decimals(38, 38) },
  { type: 'numeric(39,2)', arrive: [...decimals(39, 2), 'NaN'] },
  { type: 'numeric(3,-2)', arrive: ['12300', '-99900', '0'] },
  { type: 'numeric(2,5)', arrive: ['0.00099', '-0.00001', '0'] },
  {
    type: 'numeric',
    arrive: [
      ...NOT_FINITE,
      ...list('0¦0.00¦1.10¦1e100¦-1e-100'),
      nines(200),
      `0.${nines(200)}`,
      '-0.000000000000000000000000000001',
    ],
  },
  {
    type: 'real',
    arrive: [
      ...ZEROS,
      ...NOT_FINITE,
      ...list('1¦-1¦0.1¦0.3¦1e-45¦-1e-45¦1.1754942e-38¦1.1754944e-38'),
      ...list('3.4028235e+38¦-3.4028235e+38¦16777216¦16777218¦3.1415927¦8.589973e+09¦1e+15¦1e-07'),
      ...list('0.00012207031¦5.033165e+07'),
    ],
  },
  {
    type: 'double precision',
    arrive: [
      ...ZEROS,
      ...NOT_FINITE,
      ...list('1¦-1¦0.1¦0.30000000000000004¦5e-324¦-5e-324¦1e-323'),
      ...list('2.225073858507201e-308¦2.2250738585072014e-308¦1.7976931348623157e+308¦-1.7976931348623157e+308'),
      ...list('9007199254740991¦9007199254740992¦9007199254740994¦123456789.12345679¦9.999999999999999e+22'),
      ...list('1e+23¦2.4178516392292583e+24¦5.684341886080802e-14¦663628909699107.1¦1e+15¦1e+16¦1e-05'),
    ],
  },
  { type: 'boolean', arrive: ['t', 'f'] },
  { type: 'date', arrive: [...DAYS, ...LATE_DAYS], quarantined: [...NO_DAYS, '5874897-12-31'] },
  {
    type: 'timestamp',
    arrive: [...every(DAYS), ...every(LATE_DAYS), '2255-06-05 23:47:34.740993', '2024-01-15 24:00:00'],
    quarantined: [...NO_DAYS, '294276-12-31 23:59:59.999999'],
  },
  { type: 'timestamp(3)', arrive: ['2024-01-15 10:32:00.123', '1969-12-31 23:59:59.999'], quarantined: ['infinity'] },
  { type: 'timestamp(0)', arrive: ['2024-01-15 10:32:59.9'] },
  {
    type: 'timestamptz',
    arrive: [
      ...every(DAYS, '+00'),
      ...every(LATE_DAYS, '+00'),
      ...list('2024-01-15 10:32:00.123456+02¦2024-06-15 10:32:00-09:30¦2024-03-31 02:30:00 Europe/Berlin'),
    ],
    quarantined: [...NO_DAYS, '294276-12-31 23:59:59.999999Z', '0001-01-01 00:00:00+14', '9999-12-31 23:59:59-12'],
  },
  { type: 'time', arrive: ['00:00:00', '24:00:00', '23:59:59.999999', '10:32:00.5'] },
  { type: 'timetz', arrive: ['10:32:00.5+02:30', '24:00:00-15:59:59', '00:00:00+00'] },
  {
    type: 'interval',
    arrive: ['1 year -2 days 03:04:05.000006', '0', '-178000000 years', '3 months ago', '0.000001 s'],
  },
  { type: 'text', arrive: TEXTS },
  { type: 'varchar(5)', arrive: ['a b', '🎁🎁🎁🎁🎁', ''] },
  { type: 'char(6)', arrive: ['ab', '', '  ab'] },
  { type: '"char"', arrive: ['x', ''] },
  { type: 'name', arrive: ['Select', 'ä"b'] },
  {
    type: 'bytea',
    arrive: [
      ...list('\\x¦\\x00¦\\xff¦\\x00ff¦\\x0a0d¦\\x5c4e¦\\xc3¦\\xeda080'),
      `\\x${'00'.repeat(70_000)}`,
      `\\x${Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('hex')}`,
    ],
  },
  {
    type: 'uuid',
    arrive: ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', nines(32)],
  },
  {
    type: 'json',
    arrive: [
      ...list('{}¦[]¦null¦""¦{"b": 1.10,\n "a": [1,  2]}¦{"a":1,"a":2}¦12345678901234567890.10¦-0'),
      ...list('1E400¦"\\u0000"¦"\\ud800"¦"\\ud83c\\udf81"¦ "x" ¦"🎁"'),
    ],
  },
  {
    type: 'jsonb',
    arrive: ['{}', '[]', 'null', '"\\ud83c\\udf81"', '{"b": 1.10, "a": null, "a": 2}', '1e100', '0.10', '-0', '"\\\\"'],
  },
  {
    type: 'text[]',
    arrive: ['{}', '{NULL,"NULL",""}', '{"a,b","q\\"x","\\\\"}', '[0:1]={a,b}', '{{a,b},{c,d}}', '{🎁}'],
  },
  { type: 'bigint[]', arrive: ['{9223372036854775807,-9223372036854775808,NULL}', '{{1,2},{3,4}}'] },
  { type: 'double precision[]', arrive: ['{0,-0,NaN,Infinity,5e-324,0.1}'] },
  { type: 'numeric(38,2)[]', arrive: [`{${nines(36)}.99,0.00,NaN}`] },
  { type: 'boolean[]', arrive: ['{t,f,NULL}'] },
  { type: 'timestamptz[]', arrive: ['{"2024-01-15 10:32:00.123456+00",infinity,"0044-03-15 12:00:00+00 BC"}'] },
  { type: 'date[]', arrive: ['{2024-02-29,infinity,10000-01-01}'] },
  { type: 'bytea[]', arrive: ['{"\\\\x00ff","\\\\x"}'] },
  { type: 'int4range', arrive: ['[1,5)', 'empty', '(,)'] },
  { type: 'tstzmultirange', arrive: ['{[2024-01-01,2024-02-01)}', '{}'] },
  { type: 'inet', arrive: ['192.168.0.1/24', '::1', '0.0.0.0'] },
  { type: 'macaddr', arrive: ['08:00:2b:01:02:03'] },
  { type: 'bit(4)', arrive: ['1010', '0000'] },
  { type: 'varbit', arrive: ['', '1'] },
  { type: 'point', arrive: ['(1.5,-2)', '(NaN,-0)'] },
  { type: 'tsvector', arrive: ["'fat':2 'cat':3"] },
  { type: 'oid', arrive: ['4294967295', '0'] },
  { type: 'pg_lsn', arrive: ['16/B374D848', '0/0'] },
  { type: 'xml', arrive: ['<a>"b" &amp; ä</a>'] },
  { type: 'money', arrive: ['12.34', '-92233720368547758.08', '0'] },
  { type: 'mood', arrive: ['so, "so"', 'ä'] },
  { type: 'positive', arrive: ['1', '2147483647'] },
  { type: 'pair', arrive: ['(1,"a,b")', '(,)', '(,"")'] },
];

/** Each value in a row of its own, so that one that is quarantined takes no other with it. */
export const EDGE_VALUES: readonly EdgeValue[] = EDGES.flatMap(({ type, arrive, quarantined = [] }, column) => [
  ...arrive.map((text) => ({ column: `c${column}`, type, text, isQuarantined: false })),
  ...quarantined.map((text) => ({ column: `c${column}`, type, text, isQuarantined: true })),
]).map((edge, index) => ({ ...edge, id: String(index + 1) }));

/** Name and type of each column. */
export const EDGE_COLUMNS = EDGES.map(({ type }, column) => ({ name: `c${column}`, type }));
