import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { S3ObjectStore } from '@bronze/common/adapters/aws/s3-object-store';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { editFile, testCheckpointStore } from '@bronze/common/load/checkpoint-store.fixtures';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import { describe, onTestFinished } from 'vitest';
import { AwsEndpoint } from './aws-endpoint/aws-endpoint.ts';

const STORES: readonly (readonly [string, () => Promise<ObjectStore>])[] = [
  ['in a folder', async () => FolderObjectStore.open(await mkdtemp(join(tmpdir(), 'bronze-checkpoints-')))],
  ['in S3', overS3],
];

async function overS3(): Promise<ObjectStore> {
  const endpoint = await AwsEndpoint.start();
  onTestFinished(() => endpoint.close());
  await endpoint.createBucket('bronze');
  return new S3ObjectStore(new S3Client(endpoint.client_config), 'bronze');
}

describe.each(STORES)('checkpoints.json %s', (_, start) => {
  testCheckpointStore(async () => {
    const objects = await start();
    return {
      open: () => new CheckpointFile(objects),
      writeByHand: (entity, fields) => editFile(objects, { [entity]: fields }),
    };
  });
});
