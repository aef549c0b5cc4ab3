import * as z from 'zod/mini';
import { AwsRefusal } from './protocol.ts';

/** Only text: Bronze sends no numbers and no bytes. */
const messageAttributeSchema = z.strictObject({ DataType: z.literal('String'), StringValue: z.string() });
const messageAttributesSchema = z.record(z.string(), messageAttributeSchema);
export type MessageAttributes = z.infer<typeof messageAttributesSchema>;

/** Strict, so that a field which this endpoint would silently ignore is refused. */
const entrySchema = z.strictObject({
  Id: z.string().check(z.regex(/^[\w-]{1,80}$/)),
  MessageBody: z.optional(z.string()),
  MessageGroupId: z.optional(z.string().check(z.maxLength(128))),
  MessageAttributes: z.optional(messageAttributesSchema),
  DelaySeconds: z.optional(z.number()),
  ReceiptHandle: z.optional(z.string()),
  VisibilityTimeout: z.optional(z.number()),
});

const inputSchema = z.strictObject({
  ...z.partial(entrySchema).shape,
  QueueName: z.optional(z.string()),
  QueueNamePrefix: z.optional(z.string()),
  QueueUrl: z.optional(z.string()),
  Attributes: z.optional(z.record(z.string(), z.string())),
  AttributeNames: z.optional(z.array(z.string())),
  MessageSystemAttributeNames: z.optional(z.array(z.string())),
  MessageAttributeNames: z.optional(z.array(z.string())),
  MaxNumberOfMessages: z.optional(z.int().check(z.minimum(1), z.maximum(10))),
  MaxResults: z.optional(z.number()),
  WaitTimeSeconds: z.optional(z.int().check(z.minimum(0), z.maximum(20))),
  Entries: z.optional(z.array(entrySchema)),
});

export type SqsEntry = z.infer<typeof entrySchema>;
export type SqsInput = z.infer<typeof inputSchema>;

export function decodeInput(body: Buffer): SqsInput {
  const decoded = z.safeParse(inputSchema, JSON.parse(body.toString() || '{}'));
  if (decoded.success) return decoded.data;
  const issues = decoded.error.issues.map((issue) => `${z.core.toDotPath(issue.path)}: ${issue.message}`);
  throw new AwsRefusal(400, 'InvalidParameterValue', issues.join('; '));
}

/** The queue's name: the last part of its URL, or the name that was given. */
export function queueNameOf({ QueueUrl, QueueName }: SqsInput): string {
  return QueueUrl?.split('/').at(-1) ?? QueueName ?? '';
}

/** The entries of a batch. @throws AwsRefusal for a batch that SQS refuses as a whole */
export function entriesOf({ Entries }: SqsInput): SqsEntry[] {
  if (!Entries || Entries.length === 0) throw new AwsRefusal(400, 'EmptyBatchRequest');
  if (Entries.length > 10) throw new AwsRefusal(400, 'TooManyEntriesInBatchRequest');
  if (new Set(Entries.map(({ Id }) => Id)).size < Entries.length) throw new AwsRefusal(400, 'BatchEntryIdsNotDistinct');
  return Entries;
}

export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new AwsRefusal(400, 'MissingParameter', name);
  return value;
}
