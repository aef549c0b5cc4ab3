import { randomUUID } from 'node:crypto';
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { Environment } from '../../config/reference.ts';
import { CheckpointItems } from '../../load/checkpoint-items.ts';
import type { CheckpointStore } from '../../load/checkpoint-store.ts';
import { PlacedCheckpoints } from '../../load/placed-checkpoints.ts';
import type { AttemptIds } from '../../ports/attempt-ids.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { BronzeError } from '../../words/failure.ts';
import { DynamoTable } from './dynamo-table.ts';

export const SWAP_IDS: AttemptIds = { next: randomUUID };

/**
 * The checkpoints of a pipeline on AWS, wherever they are: `checkpoints.json` in its bucket holds them or names their
 * table.
 *
 * @param new_table where a pipeline without any checkpoint will have them; default: in `checkpoints.json`
 * @param client_config of the table’s client, such as its retries; default: the SDK’s
 */
export function openCheckpoints(
  objects: ObjectStore,
  new_table?: string,
  client_config: DynamoDBClientConfig = {},
): CheckpointStore {
  return new PlacedCheckpoints(objects, {
    openTable: (name) => new CheckpointItems(openTable(name, client_config), SWAP_IDS),
    new_table,
  });
}

/** Region, credentials and endpoint are those that the SDK is configured with. */
export function openTable(name: string, client_config: DynamoDBClientConfig = {}): DynamoTable {
  return new DynamoTable(new DynamoDBClient(client_config), name);
}

/**
 * The table of a new pipeline, by `CHECKPOINT_STORE` and `CHECKPOINT_TABLE`; undefined for `s3`, the default.
 *
 * @throws BronzeError REFERENCE_UNRESOLVED
 */
export function newTableIn({ CHECKPOINT_STORE, CHECKPOINT_TABLE }: Environment): string | undefined {
  if (!CHECKPOINT_STORE || CHECKPOINT_STORE === 's3') return undefined;
  if (CHECKPOINT_STORE === 'dynamodb' && CHECKPOINT_TABLE) return CHECKPOINT_TABLE;
  throw new BronzeError('REFERENCE_UNRESOLVED', {
    message:
      CHECKPOINT_STORE === 'dynamodb'
        ? 'CHECKPOINT_STORE is dynamodb, and CHECKPOINT_TABLE names no table'
        : `CHECKPOINT_STORE must be s3 or dynamodb, not ${CHECKPOINT_STORE}`,
    hint: 'The CDK stack sets both. Was the function changed by hand, or deployed without the stack?',
  });
}
