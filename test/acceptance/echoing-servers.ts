import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** How somebody else may spell a secret. */
export const SPELLINGS: Readonly<Record<string, (secret: string) => string>> = {
  raw: (secret) => secret,
  upper: (secret) => secret.toUpperCase(),
  percent: (secret) => encodeURIComponent(secret),
  percent_lower: (secret) => encodeURIComponent(secret).toLowerCase(),
  percent_twice: (secret) => encodeURIComponent(encodeURIComponent(secret)),
  base64: (secret) => Buffer.from(secret).toString('base64'),
  base64_header: (secret) => Buffer.from(`x-api-key: ${secret}`).toString('base64'),
  base64url: (secret) => Buffer.from(`u:${secret}`).toString('base64url'),
  html: (secret) => secret.replaceAll(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`),
  html_names: (secret) => secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
  json: (secret) => JSON.stringify(secret),
  json_escaped: (secret) =>
    [...secret].map((one) => String.raw`\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
};

export interface Listening {
  readonly port: number;
  close(): void;
}

async function listening(server: Server): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** How the API answers, by the last part of the path but one; the last is the spelling of the secrets that it repeats. */
const ANSWERS: Readonly<Record<string, (response: ServerResponse, echo: string) => void>> = {
  body: (response, echo) => response.writeHead(401).end(`no access for ${echo}`),
  json: (response, echo) => response.writeHead(422, JSON_TYPE).end(JSON.stringify({ error: { detail: echo } })),
  header: (response, echo) =>
    response
      .writeHead(403, echo, { 'www-authenticate': `Key ${echo}`, 'content-type': echo, 'retry-after': echo })
      .end(),
  redirect: (response, echo) => response.writeHead(302, { location: `https://example.com/?k=${echo}` }).end(),
  link: (response, echo) =>
    response
      .writeHead(200, { ...JSON_TYPE, link: `<https://example.com/?k=${echo}>; rel="next"` })
      .end('{"data":[{"id":1}]}'),
  field: (response, echo) => response.writeHead(200, JSON_TYPE).end(JSON.stringify({ [echo]: [] })),
  /** Whatever a message is cut to, it is cut within a secret. */
  long: (response, echo) => response.writeHead(400).end(Array.from({ length: 40 }, () => echo).join(' ')),
  broken: (response, echo) => response.writeHead(400, JSON_TYPE).end(`{"data": [${echo}`),
};
export const ANSWER_NAMES = Object.keys(ANSWERS);

/** An API that refuses every request and repeats its key, its token and its path. @param said gets what it repeats */
export async function startEchoingApi(said: Set<string>): Promise<Listening> {
  const answer = ({ url = '', headers }: IncomingMessage, response: ServerResponse) => {
    const path = url.split('?')[0]?.split('/').slice(1) ?? [];
    const [how = '', spelling = ''] = path.slice(-2);
    const secrets = [headers['x-api-key'], headers['x-token'], ...path.slice(0, -2)].map(String);
    const echo = secrets.map((secret) => SPELLINGS[spelling]?.(secret)).join(' ');
    said.add(echo);
    ANSWERS[how]?.(response, echo);
  };
  return listening(createHttpServer(answer));
}

/** A PostgreSQL server that asks for the password in the clear, and repeats it in its refusal. */
export async function startEchoingDatabase(sqlstate: string, said: Set<string>): Promise<Listening> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
      socket.once('data', (message) => refuse(socket, message.subarray(5, -1).toString()));
    });
  });
  const refuse = (socket: Socket, password: string) => {
    const echo = Object.values(SPELLINGS)
      .map((spell) => spell(password))
      .join(' ');
    said.add(echo);
    const fields = ['SFATAL', `C${sqlstate}`, `Mrefused: ${echo}`, `D${echo}`, `H${echo}`, ''].join('\0');
    const body = Buffer.from(`${fields}\0`);
    const head = Buffer.alloc(5, 'E');
    head.writeInt32BE(4 + body.length, 1);
    socket.end(Buffer.concat([head, body]));
  };
  return listening(server);
}

/** A PostgreSQL server without TLS. */
export async function startPlainDatabase(): Promise<Listening> {
  return listening(
    createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write('N'));
    }),
  );
}
