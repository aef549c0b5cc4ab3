import { describe, expect, test } from 'vitest';
import { shorten, visible, widthOf } from './text.ts';

describe('a shortened text', () => {
  test.each([
    ['short', 5, 'short'],
    ['longer', 5, 'long…'],
    ['two words', 5, 'two…'],
    ['first line\nsecond', 6, 'first…\nsecond'],
    ['漢字漢字', 6, '漢字…'],
    ['👩‍👩‍👧x👩‍👩‍👧', 4, '👩‍👩‍👧x…'],
  ])('of %j in %i columns is %j: it ends in …, and no character is cut in two', (text, width, expected) => {
    expect(shorten(text, width)).toBe(expected);
    expect(widthOf(shorten(text, width))).toBeLessThanOrEqual(width);
  });
});

test('control characters are shown as escapes, because a terminal would obey them', () => {
  expect(visible('a\tb\r\n\u001b[2J\u009b1m é')).toBe('a\\tb\\r\\n\\x1b[2J\\x9b1m é');
});
