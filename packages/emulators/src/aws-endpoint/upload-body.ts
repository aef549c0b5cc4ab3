import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { type AwsRequest, AwsRefusal } from './protocol.ts';

const LINE_END = '\r\n';
/** As S3 says: "Only the last chunk is allowed to have a size less than 8192 bytes". */
const CHUNK_BYTES_MIN = 8192;

/**
 * The uploaded object: without its `aws-chunked` framing, and checked against every checksum that came with it.
 * @throws AwsRefusal if the framing, the length or a checksum is wrong
 */
export function uploadBody({ headers, body }: AwsRequest): Buffer {
  const signed = String(headers['x-amz-content-sha256'] ?? '');
  const isChunked = signed.startsWith('STREAMING-') || (headers['content-encoding'] ?? '').includes('aws-chunked');
  const { data, trailers } = isChunked ? decodeChunks(body) : { data: body, trailers: {} };
  const length = headers['x-amz-decoded-content-length'];
  if (length !== undefined && Number(length) !== data.length) throw new AwsRefusal(400, 'IncompleteBody');
  if (/^[0-9a-f]{64}$/.test(signed) && createHash('sha256').update(data).digest('hex') !== signed) {
    throw new AwsRefusal(400, 'XAmzContentSHA256Mismatch');
  }
  verifyAll({ ...headers, ...trailers }, data);
  return data;
}

function verifyAll(headers: IncomingHttpHeaders, data: Uint8Array): void {
  const md5 = headers['content-md5'];
  if (md5 !== undefined && digest('md5', data) !== md5) throw new AwsRefusal(400, 'BadDigest');
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(CHECKSUM) && !NOT_A_SUM.has(name)) verify(name.slice(CHECKSUM.length), String(value), data);
  }
}

/** Base64 of the big-endian CRC-32, as S3 sends it. */
export function crc32Of(data: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(data));
  return sum.toString('base64');
}

const CHECKSUM = 'x-amz-checksum-';
const NOT_A_SUM: ReadonlySet<string> = new Set([
  'x-amz-checksum-mode',
  'x-amz-checksum-type',
  'x-amz-checksum-algorithm',
]);

const SUMS: Readonly<Record<string, (data: Uint8Array) => string>> = {
  crc32: crc32Of,
  sha1: (data) => digest('sha1', data),
  sha256: (data) => digest('sha256', data),
};

function verify(algorithm: string, expected: string, data: Uint8Array): void {
  const sum = SUMS[algorithm];
  if (!sum) throw new AwsRefusal(501, 'NotImplemented', `checksum ${algorithm}`);
  if (sum(data) !== expected) throw new AwsRefusal(400, 'BadDigest', `${algorithm} differs`);
}

function digest(algorithm: string, data: Uint8Array): string {
  return createHash(algorithm).update(data).digest('base64');
}

/**
 * Chunks of `1f4;chunk-signature=…\r\n` + 500 bytes + `\r\n`, then `0\r\n`, trailers as header lines and an empty line.
 * Without trailers, some clients omit the last line ending.
 */
function decodeChunks(framed: Buffer): { data: Buffer; trailers: Record<string, string> } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = framed.indexOf(LINE_END, at);
    const size = end < 0 ? NaN : Number.parseInt(framed.toString('latin1', at, end), 16);
    if (Number.isNaN(size)) throw new AwsRefusal(400, 'IncompleteBody', 'a chunk has no size');
    at = end + LINE_END.length;
    if (size === 0) return { data: Buffer.concat(chunks), trailers: headerLines(framed.toString('latin1', at)) };
    if (framed.toString('latin1', at + size, at + size + 2) !== LINE_END) {
      throw new AwsRefusal(400, 'IncompleteBody', 'a chunk does not end where its size says');
    }
    if ((chunks.at(-1)?.length ?? CHUNK_BYTES_MIN) < CHUNK_BYTES_MIN)
      throw new AwsRefusal(403, 'InvalidChunkSizeError');
    chunks.push(framed.subarray(at, at + size));
    at += size + LINE_END.length;
  }
}

function headerLines(text: string): Record<string, string> {
  const lines = text.split(LINE_END).filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}
