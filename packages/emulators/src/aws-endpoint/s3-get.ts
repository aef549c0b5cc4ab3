import type { StoredObject } from '@bronze/common/ports/object-store';
import { AwsRefusal, type AwsReply, type AwsRequest, reply } from './protocol.ts';
import { crc32Of } from './upload-body.ts';

/** The answer to GetObject and HeadObject: checks conditions, then answers a range, or the whole with its checksum. */
export function getReply(stored: StoredObject | undefined, { headers }: AwsRequest): AwsReply {
  if (!stored) throw new AwsRefusal(404, 'NoSuchKey');
  const { etag } = stored;
  if (headers['if-match'] !== undefined && headers['if-match'] !== etag)
    throw new AwsRefusal(412, 'PreconditionFailed');
  if (headers['if-none-match'] === etag) return reply(304, { etag });
  const body = Buffer.from(stored.body);
  const common = { etag, 'accept-ranges': 'bytes', 'content-type': 'binary/octet-stream' };
  if (headers.range !== undefined) return rangeReply(body, headers.range, common);
  const sum = headers['x-amz-checksum-mode'] === 'ENABLED' ? { 'x-amz-checksum-crc32': crc32Of(body) } : {};
  return reply(200, { ...common, ...sum }, body);
}

/** `bytes=0-99`, `bytes=100-`, or `bytes=-8`, with which Parquet readers begin. */
function rangeReply(body: Buffer, range: string, common: Readonly<Record<string, string>>): AwsReply {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (from === '' && to === '') throw new AwsRefusal(501, 'NotImplemented', `range ${range}`);
  const start = from === '' ? Math.max(0, body.length - Number(to)) : Number(from);
  const end = from === '' || to === '' ? body.length : Math.min(body.length, Number(to) + 1);
  if (start >= end) throw new AwsRefusal(416, 'InvalidRange');
  const headers = { ...common, 'content-range': `bytes ${start}-${end - 1}/${body.length}` };
  return reply(206, headers, body.subarray(start, end));
}
