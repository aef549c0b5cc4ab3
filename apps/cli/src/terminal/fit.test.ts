import { describe, expect, test } from 'vitest';
import { type Column, fit } from './fit.ts';

const kept = (name: string): Column => ({ name, keep: 'always' });
const optional = (name: string): Column => ({ name, keep: 'if_room' });
const ROOM = { border: 1, border_per_column: 3 };

describe('a layout', () => {
  const COLUMNS = [kept('entity'), { ...optional('reason'), width_min: 6 }, optional('rows'), optional('parts')];
  const ROWS = [
    ['orders', 'permission denied', '1,000', '12'],
    ['a', '', '0', '3'],
  ];

  test('has every column at its natural width where there is room, or no limit', () => {
    const all = { shown: [0, 1, 2, 3], widths: [6, 17, 5, 5], left_out: [] };
    expect(fit(COLUMNS, ROWS, { ...ROOM, width: 46 })).toEqual(all);
    expect(fit(COLUMNS, ROWS, { ...ROOM, width: Infinity })).toEqual(all);
  });

  test('shortens what may be shortened, then leaves out the last columns, and names them', () => {
    expect(fit(COLUMNS, ROWS, { ...ROOM, width: 40 })).toEqual({
      shown: [0, 1, 2, 3],
      widths: [6, 11, 5, 5],
      left_out: [],
    });
    expect(fit(COLUMNS, ROWS, { ...ROOM, width: 30 })).toEqual({
      shown: [0, 1, 2],
      widths: [6, 9, 5],
      left_out: ['parts'],
    });
    expect(fit(COLUMNS, ROWS, { ...ROOM, width: 25 })).toEqual({
      shown: [0, 1],
      widths: [6, 12],
      left_out: ['rows', 'parts'],
    });
  });

  test('leaves out first what says nothing, without naming it', () => {
    const silent = ROWS.map(([entity = '', reason = '', rows = '']) => [entity, reason, rows, '0']);
    expect(fit(COLUMNS, silent, { ...ROOM, width: 45 })).toEqual({
      shown: [0, 1, 2],
      widths: [6, 17, 5],
      left_out: [],
    });
  });

  test('is none if not even the columns fit that are never left out', () => {
    expect(fit(COLUMNS, ROWS, { ...ROOM, width: 10 })).toEqual({
      shown: [0],
      widths: [6],
      left_out: ['reason', 'rows', 'parts'],
    });
    expect(fit(COLUMNS, ROWS, { ...ROOM, width: 9 })).toBeUndefined();
  });
});
