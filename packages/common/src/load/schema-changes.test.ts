import { describe, expect, test } from 'vitest';
import type { Column } from '../words/entity.ts';
import { describeChanges, type Schema, schemaChanges, schemaDigest, schemaOf } from './schema-changes.ts';
import { slice } from './slices.fixtures.ts';

/** `qty integer 1.2`: name, type, and id if there is one. */
function column(text: string): Column {
  const [name = '', type = '', id] = text.split(' ');
  return { name, type, ...(id && { id }) };
}
const schema = (columns: readonly string[], unseen_columns?: readonly string[]): Schema => ({
  columns: columns.map(column),
  unseen_columns,
});
/** `renamed b (a → )` */
function changes(before: readonly string[], now: readonly string[]): string[] {
  return schemaChanges(schema(before), schema(now)).map(
    ({ kind, column: name, from = '', to = '' }) => `${kind} ${name} (${from} → ${to})`,
  );
}

describe('the columns of two loads', () => {
  test.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ['are the same', ['id int 1.1', 'a text 1.2'], ['id int 1.1', 'a text 1.2'], []],
    ['are the same in another order', ['a text 1.2', 'id int 1.1'], ['id int 1.1', 'a text 1.2'], []],
    ['one is new', ['id int 1.1'], ['id int 1.1', 'a text 1.2'], ['added a ( → text)']],
    ['one is gone', ['a text 1.2', 'id int 1.1'], ['id int 1.1'], ['dropped a (text → )']],
    ['one has another type', ['a int 1.2'], ['a text 1.2'], ['retyped a (int → text)']],
    ['one has another name', ['a text 1.2'], ['b text 1.2'], ['renamed b (a → )']],
    ['one has another name and type', ['a int 1.2'], ['b text 1.2'], ['renamed b (a → )', 'retyped b (int → text)']],
    [
      'two have swapped names',
      ['a int 1.1', 'b int 1.2'],
      ['b int 1.1', 'a int 1.2'],
      ['renamed b (a → )', 'renamed a (b → )'],
    ],
    ['one is gone and another has its name', ['a int 1.2'], ['a int 1.3'], ['added a ( → int)', 'dropped a (int → )']],
    [
      'one has the name of one that is gone',
      ['a int 1.1', 'b int 1.2'],
      ['a int 1.2'],
      ['renamed a (b → )', 'dropped a (int → )'],
    ],
    [
      'the table was replaced by one with the columns in another order',
      ['a int 1.1', 'b text 1.2'],
      ['b text 2.1', 'a int 2.2'],
      [],
    ],
    [
      'the table was replaced',
      ['a int 1.1', 'b text 1.2'],
      ['a text 2.1', 'c text 2.2'],
      ['retyped a (int → text)', 'added c ( → text)', 'dropped b (text → )'],
    ],
    ['one table’s oid begins like the other’s', ['a int 1.1'], ['a int 11.1'], []],
    [
      'an earlier version wrote the first, without ids',
      ['a int', 'b text'],
      ['a bigint 1.1', 'c text 1.2'],
      ['retyped a (int → bigint)', 'added c ( → text)', 'dropped b (text → )'],
    ],
    ['an API has no ids', ['a bigint'], ['a text', 'b text'], ['retyped a (bigint → text)', 'added b ( → text)']],
    [
      'one that Bronze derives has no id',
      ['id int 1.1', '_is_deleted boolean'],
      ['id int 1.1', '_is_deleted boolean'],
      [],
    ],
  ])('%s', (_, before, now, expected) => {
    expect(changes(before, now)).toEqual(expected);
    expect(schemaDigest(schema(before)) === schemaDigest(schema(now))).toBe(before.join() === now.join());
  });

  test('a field that no record has any more is dropped, and added when it is back, though its type is kept', () => {
    const with_a = schema(['id text', 'a int']);
    const without_a = schema(['id text', 'a int'], ['a']);
    expect(schemaChanges(with_a, without_a)).toEqual([{ kind: 'dropped', column: 'a', from: 'int' }]);
    expect(schemaChanges(without_a, with_a)).toEqual([{ kind: 'added', column: 'a', to: 'int' }]);
    expect(schemaChanges(without_a, without_a)).toEqual([]);
    expect(schemaDigest(with_a)).not.toBe(schemaDigest(without_a));
    expect(schemaDigest(with_a)).toBe(schemaDigest(schema(['id text', 'a int'], [])));
    expect(schemaDigest(schema([], ['a', 'b']))).toBe(schemaDigest(schema([], ['b', 'a'])));
  });
});

describe('the schema of a load', () => {
  const columns = [column('id text'), column('a int'), column('b int')];
  const full = (unseen_columns?: string[]) => ({
    ...slice(0, 0, true),
    columns,
    ...(unseen_columns && { unseen_columns }),
  });
  const incremental = (unseen_columns?: string[]) => {
    const one = full(unseen_columns);
    return { ...one, load: { ...one.load, load_type: 'incremental' as const } };
  };
  const before = { columns, unseen_columns: ['a'] };

  test('has the columns of its last slice', () => {
    expect(schemaOf([{ ...full(), columns: [] }, full()], undefined)).toEqual({ columns, unseen_columns: [] });
  });

  test('lacks what no slice of a full load saw, if any slice saw records', () => {
    expect(schemaOf([full(['a', 'b']), full(['b']), full()], before).unseen_columns).toEqual(['b']);
    expect(schemaOf([full([])], before).unseen_columns).toEqual([]);
    expect(schemaOf([full()], before).unseen_columns).toEqual(['a']);
  });

  test('of an incremental load lacks what the load before lacked, unless it has it again', () => {
    expect(schemaOf([incremental(['a', 'b'])], before).unseen_columns).toEqual(['a']);
    expect(schemaOf([incremental(['b'])], before).unseen_columns).toEqual([]);
    expect(schemaOf([incremental(['b'])], undefined).unseen_columns).toEqual([]);
    expect(schemaOf([incremental()], before).unseen_columns).toEqual(['a']);
  });
});

describe('changes in words', () => {
  test('say what a column was and is', () => {
    const before = schema(['qty integer 1.1', 'old_name text 1.2', 'gone text 1.3']);
    const now = schema(['qty text 1.1', 'new_name text 1.2', 'vip boolean 1.4']);
    expect(describeChanges(schemaChanges(before, now))).toBe(
      'qty from integer to text, renamed old_name to new_name, added vip (boolean), dropped gone (text)',
    );
  });

  test('are one line, however many there are and whatever their names hold', () => {
    const added = Array.from({ length: 12 }, (_, n) => ({ kind: 'added', column: `c${n}`, to: 'text' }) as const);
    expect(describeChanges(added)).toMatch(/^added c0 \(text\), .*, added c9 \(text\), and 2 more$/);
    const name = 'a\n\u001b[2J';
    expect(describeChanges([{ kind: 'dropped', column: name, from: 'text' }])).toBe(
      String.raw`dropped "a\n\u001b[2J" (text)`,
    );
  });
});
