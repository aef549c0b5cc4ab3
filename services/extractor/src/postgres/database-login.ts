import { decodeJson } from '@bronze/common/words/json';
import * as z from 'zod/mini';

/** The JSON that RDS keeps in Secrets Manager. It calls the database `dbname`. */
const loginSchema = z.looseObject({
  host: z.string(),
  port: z.optional(z.union([z.int(), z.string()])),
  database: z.optional(z.string()),
  dbname: z.optional(z.string()),
  username: z.string(),
  password: z.string(),
});

/**
 * The connection URL in a secret, which holds the URL itself, or JSON with host, port (default 5432), database (default
 * `postgres`), username and password. RDS writes JSON, so its URL asks for TLS with a verified certificate.
 *
 * @throws BronzeError SECRET_UNREADABLE, naming what is missing and never a value
 */
export function databaseUrlIn(secret: string): string {
  const text = secret.trim();
  if (!text.startsWith('{')) return text;
  const login = decodeJson(loginSchema, text, {
    code: 'SECRET_UNREADABLE',
    what: 'the database’s secret',
    hint: 'It should be JSON with host, port, database, username and password, or a connection URL.',
  });
  const url = new URL('postgresql://host/');
  url.hostname = login.host;
  url.port = String(login.port ?? 5432);
  url.username = encodeURIComponent(login.username);
  url.password = encodeURIComponent(login.password);
  url.pathname = `/${encodeURIComponent(login.database ?? login.dbname ?? 'postgres')}`;
  url.searchParams.set('sslmode', 'verify-full');
  return url.href;
}
