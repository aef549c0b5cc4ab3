import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { restSourceSchema } from '@bronze/common/config/rest';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod/mini';
import { UndiciClient } from './undici-client.ts';

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: string | Buffer;
}

/** What the client makes of this answer. */
async function read({ status = 200, headers = {}, body }: Answer) {
  const server = createServer((_, response) => {
    response.writeHead(status, headers);
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new UndiciClient(z.parse(restSourceSchema, { type: 'rest', base_url }));
  onTestFinished(async () => {
    await client.close();
    server.close();
  });
  return client.get(base_url, {}, 30_000);
}

const LATIN1 = Buffer.from('{"data":[{"id":"M\u00fcller"}]}', 'latin1');
const GZIP = { headers: { 'content-encoding': 'gzip' } };

test.each([
  ['compressed unasked', { ...GZIP, body: gzipSync('{"data":[]}') }, 'permanent'],
  [
    'in the charset that they name',
    { headers: { 'content-type': 'application/json; charset=ISO-8859-1' }, body: LATIN1 },
    'permanent',
  ],
  ['in no charset that they name', { body: LATIN1 }, 'transient'],
  [
    'in bytes that are not UTF-8, but should be',
    { headers: { 'content-type': 'application/json; charset="utf-8"' }, body: LATIN1 },
    'transient',
  ],
] as const)('answers %s are %3$s failures: only those may be otherwise the next time', async (_, answer, kind) => {
  const code = kind === 'permanent' ? 'RESPONSE_UNSUPPORTED' : 'RESPONSE_MALFORMED';
  await expect(read(answer)).rejects.toMatchObject({ code, kind });
});

test('the body of a refusal may be in any form, and so may one that is not there', async () => {
  expect(await read({ ...GZIP, status: 503, body: gzipSync('busy') })).toMatchObject({ status: 503, body: '' });
  expect(await read({ status: 400, body: LATIN1 })).toMatchObject({
    status: 400,
    body: expect.stringMatching(/^\{"data"/) as string,
  });
  expect(await read({ ...GZIP, status: 204, body: '' })).toMatchObject({ status: 204, body: '' });
});
