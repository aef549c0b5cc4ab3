/**
 * `node packages/emulators/src/aws-endpoint/serve.ts {folder} {port}`: keeps each bucket as a folder, and all queues in
 * a file, in that folder. It prints the variables to export and runs until it is stopped. Create buckets and queues
 * through the API, as on AWS.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { AwsEndpoint } from './aws-endpoint.ts';

const [folder = 'bronze-data/aws', port = '4566'] = process.argv.slice(2);
const root = resolve(folder);
mkdirSync(root, { recursive: true, mode: 0o700 });

const endpoint = await AwsEndpoint.start({
  port: Number(port),
  openBucket: (name) => FolderObjectStore.open(join(root, name)),
  queues: new QueueDatabase({ path: join(root, 'queues.sqlite'), now_ms: Date.now, newId: randomUUID }),
});
for (const entry of readdirSync(root, { withFileTypes: true })) {
  if (entry.isDirectory()) await endpoint.createBucket(entry.name);
}
for (const [name, value] of Object.entries(endpoint.environment)) console.log(`export ${name}=${value}`);
process.once('SIGINT', () => void endpoint.close());
process.once('SIGTERM', () => void endpoint.close());
