import { stat } from 'node:fs/promises';
import { machineError } from '@bronze/common/words/failure';
import { usageError } from '../exit-code.ts';
import { say } from '../terminal/output.ts';
import { FolderTarget } from './folder-target.ts';
import type { Target } from './target.ts';
import { chooseTarget, type TargetOptions } from './target-options.ts';

/**
 * Opens the target that the options choose, and says which it is unless it is a folder that nobody can mistake. The AWS
 * SDK is slow to load, so it is loaded only for AWS.
 *
 * @throws BronzeError CONFIG_INVALID for options that contradict each other, a folder that does not exist, or a bucket,
 *   region or login that is missing
 */
export async function openTarget(options: TargetOptions): Promise<Target> {
  const chosen = chooseTarget(options, process.env);
  if (chosen.kind === 'folder') {
    const { out, isDoubtful } = chosen;
    await assertFolder(out, isDoubtful);
    if (isDoubtful) say(`This is about the folder ${out}. S3_BUCKET_NAME alone does not choose AWS: ${OF_AWS}`);
    return new FolderTarget(out);
  }
  const { AwsTarget } = await import('./aws-target.ts');
  const target = await AwsTarget.open(chosen.aws);
  say(`On AWS: ${target.name}, stack ${chosen.aws.stack}`);
  return target;
}

/** As {@link openTarget}; closes it after the work. */
export async function onTarget<T>(options: TargetOptions, work: (target: Target) => Promise<T>): Promise<T> {
  const target = await openTarget(options);
  try {
    return await work(target);
  } finally {
    target.close();
  }
}

const OF_AWS = 'pass --stack or --bucket for the pipeline there.';

/** @throws BronzeError CONFIG_INVALID if the folder does not exist, or is none */
async function assertFolder(out: string, isDoubtful: boolean): Promise<void> {
  const hint = `Pass --out with the folder of an earlier bronze run${isDoubtful ? `. S3_BUCKET_NAME alone does not choose AWS: ${OF_AWS}` : `; for a pipeline on AWS, --stack or --bucket.`}`;
  const found = await stat(out).catch((thrown: unknown) => {
    throw machineError(thrown, out) ?? usageError(`the folder ${out} does not exist`, hint);
  });
  if (!found.isDirectory()) throw usageError(`${out} is not a folder`, hint);
}
