import { usageError } from './exit-code.ts';

/** `s3://bucket/folder`, and what is meant so. A drive of Windows has one letter. */
const SCHEME = /^([a-z][a-z0-9+.-]+):\//i;

/** What to do instead of naming a place that Bronze can't write to. */
const INSTEAD: Readonly<Record<string, string>> = {
  s3: 'Name a folder, and copy it after the run: aws s3 sync bronze-data s3://… To write to S3 itself, deploy the pipeline: docs/aws.md.',
  file: 'Leave file:// out.',
};
const COPY = 'Name a folder, and copy it after the run with the tool of that store.';

/**
 * The path that was given to an option.
 *
 * @throws BronzeError CONFIG_INVALID for a URL: as a path, `s3://bucket` would be a folder called `s3:`. Only its scheme is
 *   repeated, because a URL may hold a secret
 */
export function localPath(option: string): (text: string) => string {
  return (text) => {
    const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
    if (scheme === undefined) return text;
    throw usageError(
      `${option} takes a path on this machine, and ${scheme}:// is none`,
      option === '--out' ? (INSTEAD[scheme] ?? COPY) : 'Name a file on this machine.',
    );
  };
}
