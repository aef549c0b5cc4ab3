import { expect, test } from 'vitest';
import { databaseUrlIn } from './database-login.ts';

test.each([
  ['postgresql://u:p@h/d\n', 'postgresql://u:p@h/d'],
  [
    '{"engine":"postgres","host":"db.eu.rds.amazonaws.com","port":5433,"dbname":"shop","username":"bronze","password":"p@ss/w:rd%é"}',
    'postgresql://bronze:p%40ss%2Fw%3Ard%25%C3%A9@db.eu.rds.amazonaws.com:5433/shop?sslmode=verify-full',
  ],
  ['{"host":"h","database":"d","username":"u","password":"p"}', 'postgresql://u:p@h:5432/d?sslmode=verify-full'],
])('the secret %s means its connection URL', (secret, url) => {
  expect(databaseUrlIn(secret)).toBe(url);
});

test.each(['{"host":"h","username":"u"}', '{', '{"host":5,"username":"u","password":"canary"}'])(
  'the secret %s is refused, naming what is missing and no value',
  (secret) => {
    expect(() => databaseUrlIn(secret)).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }) as Error);
    expect(() => databaseUrlIn(secret)).toThrow(/^(?!.*canary)/);
  },
);

test('a secret that RDS manages has no host: server, port, database and sslmode are those of the URL', () => {
  const secret = '{"username":"bronze","password":"p@ss/w:rd"}';
  expect(databaseUrlIn(secret, 'postgresql://db.example.com:5433/shop?sslmode=require')).toBe(
    'postgresql://bronze:p%40ss%2Fw%3Ard@db.example.com:5433/shop?sslmode=require',
  );
  expect(() => databaseUrlIn(secret)).toThrow(
    expect.objectContaining({ code: 'SECRET_UNREADABLE', message: 'the database’s secret has no host' }) as Error,
  );
});
