const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

export interface ListedObject {
  readonly key: string;
  readonly size_bytes: number;
}

export interface ListPage {
  readonly bucket: string;
  readonly prefix: string;
  readonly keys_max: number;
  readonly objects: readonly ListedObject[];
  /** Undefined on the last page. */
  readonly next_token: string | undefined;
}

export function errorXml(code: string, message: string, resource: string): Buffer {
  const fields = element('Code', code) + element('Message', message) + element('Resource', resource);
  return Buffer.from(`${HEAD}<Error>${fields}<RequestId>local</RequestId></Error>`);
}

/** The stores keep no modification times, but clients expect one. */
const LAST_MODIFIED = element('LastModified', '2024-01-01T00:00:00.000Z');

export function listXml(page: ListPage): Buffer {
  const contents = page.objects.map(
    ({ key, size_bytes }) =>
      `<Contents>${element('Key', key)}${LAST_MODIFIED}${element('Size', String(size_bytes))}<StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const fields = [
    element('Name', page.bucket),
    element('Prefix', page.prefix),
    element('KeyCount', String(page.objects.length)),
    element('MaxKeys', String(page.keys_max)),
    element('IsTruncated', String(page.next_token !== undefined)),
    page.next_token === undefined ? '' : element('NextContinuationToken', page.next_token),
  ];
  return Buffer.from(`${HEAD}<ListBucketResult ${NAMESPACE}>${fields.join('')}${contents.join('')}</ListBucketResult>`);
}

function element(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

function escaped(text: string): string {
  return text.replace(/[<>&"'\r\n\t]/g, (character) => `&#${character.codePointAt(0)};`);
}
