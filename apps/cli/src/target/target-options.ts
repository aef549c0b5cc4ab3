import { type Command, Option } from 'commander';
import { usageError } from '../exit-code.ts';
import { localPath } from '../local-path.ts';

/** Which pipeline a command is about. */
export interface TargetOptions {
  /** A folder of `bronze run`. */
  readonly out?: string | undefined;
  readonly stack?: string | undefined;
  readonly bucket?: string | undefined;
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
}

/** Options that only a pipeline on AWS has. Any of them chooses AWS. */
const AWS_OPTIONS = ['stack', 'bucket', 'profile', 'region', 'endpoint'] as const;

export const DEFAULT_FOLDER = 'bronze-data';
export const DEFAULT_STACK = 'EcomIngestionStack';

/** Where the pipeline runs in AWS. What is undefined is left to the AWS SDK, which reads it from the environment. */
export interface AwsOptions extends Omit<TargetOptions, 'out'> {
  readonly stack: string;
}

export type ChosenTarget =
  | {
      readonly kind: 'folder';
      readonly out: string;
      /** Whether no option chose it, although the environment names a bucket. */
      readonly isDoubtful: boolean;
    }
  | { readonly kind: 'aws'; readonly aws: AwsOptions };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The target that the options mean: AWS if any option of AWS is given, else the folder. The environment alone never
 * chooses AWS; it only completes the options that do: `S3_BUCKET_NAME` names the bucket, `AWS_PROFILE` the profile.
 *
 * @throws BronzeError CONFIG_INVALID if options of both are given
 */
export function chooseTarget(options: TargetOptions, environment: Environment): ChosenTarget {
  const ofAws = AWS_OPTIONS.filter((name) => options[name] !== undefined);
  const { out, stack = DEFAULT_STACK, profile, region, endpoint } = options;
  if (ofAws.length === 0) {
    const isDoubtful = out === undefined && !!environment['S3_BUCKET_NAME'];
    return { kind: 'folder', out: out ?? DEFAULT_FOLDER, isDoubtful };
  }
  if (out !== undefined) {
    throw usageError(
      `--out is a folder on this machine, and ${ofAws.map((name) => `--${name}`).join(', ')} of a pipeline on AWS: one command is about one of them`,
      'Pass --out for a folder of bronze run, or the options of AWS without it.',
    );
  }
  const bucket = options.bucket ?? (environment['S3_BUCKET_NAME'] || undefined);
  return { kind: 'aws', aws: { stack, bucket, profile, region, endpoint } };
}

/** Adds the options that choose the target to a command that works on a folder and on AWS. */
export function withTarget(command: Command): Command {
  const out = new Option('--out <dir>', `folder of bronze run (default: ${DEFAULT_FOLDER}, without any of --stack …)`);
  return withAws(command.addOption(out.argParser(localPath('--out'))), `default: ${DEFAULT_STACK}`);
}

function withAws(command: Command, stack: string): Command {
  return command
    .option('--stack <name>', `on AWS: stack of the pipeline (${stack})`)
    .option('--bucket <name>', 'on AWS: data bucket of the pipeline (default: $S3_BUCKET_NAME)')
    .option('--profile <name>', 'on AWS: profile from the AWS configuration')
    .option('--region <name>', 'on AWS: region')
    .addOption(new Option('--endpoint <url>', 'URL of a local AWS endpoint, in place of AWS').argParser(endpointUrl));
}

/** @throws BronzeError CONFIG_INVALID. The text is not repeated, because a URL may hold a secret */
export function endpointUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw usageError('--endpoint is not a URL of http or https', 'Write it like http://127.0.0.1:4566.');
}
