import { decodeJson } from '@bronze/common/words/json';
import { BronzeError } from '@bronze/common/words/failure';
import * as z from 'zod/mini';

/** The JSON that RDS keeps in Secrets Manager. It calls the database `dbname`; a secret that it manages has no host. */
const loginSchema = z.looseObject({
  host: z.optional(z.string()),
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
 * @param server a URL with host, port and database, for a secret without a host
 * @throws BronzeError SECRET_UNREADABLE, naming what is missing and never a value
 */
export function databaseUrlIn(secret: string, server?: string): string {
  const text = secret.trim();
  if (!text.startsWith('{')) return text;
  const login = decodeJson(loginSchema, text, {
    code: 'SECRET_UNREADABLE',
    what: 'the database’s secret',
    hint: 'It should be JSON with host, port, database, username and password, or a connection URL.',
  });
  const url = login.host === undefined ? serverOf(server) : urlOf({ ...login, host: login.host });
  url.username = encodeURIComponent(login.username);
  url.password = encodeURIComponent(login.password);
  return url.href;
}

type Login = z.infer<typeof loginSchema>;

function urlOf({ host, port, database, dbname }: Login & { readonly host: string }): URL {
  const url = new URL('postgresql://host/');
  url.hostname = host;
  url.port = String(port ?? 5432);
  url.pathname = `/${encodeURIComponent(database ?? dbname ?? 'postgres')}`;
  url.searchParams.set('sslmode', 'verify-full');
  return url;
}

function serverOf(server: string | undefined): URL {
  const url = server === undefined ? null : URL.parse(server);
  if (url) return url;
  throw new BronzeError('SECRET_UNREADABLE', {
    message: 'the database’s secret has no host',
    hint: 'A secret that RDS manages has none. Give it with url of the source: postgresql://host:5432/database.',
  });
}
