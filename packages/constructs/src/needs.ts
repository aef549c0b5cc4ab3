import type { Config, SourceConfig } from '@bronze/common/config';
import { isEndpoint, entityOf } from '@bronze/common/config';
import type { Reference } from '@bronze/common/reference';

/** What may stand behind a reference of a configuration, on AWS. */
export type ValueKind = 'secret' | 'database_url' | 'api_url' | 'header';

/** A value that the configuration takes from the environment, or, with `literal`, one that stands in the file. */
export interface Wanted {
  readonly kind: ValueKind;
  /** Variables, of which the first that is set counts; empty for a literal. */
  readonly names: readonly string[];
  readonly literal?: string;
}

/** A part of the configuration, and what it can work with: one of these is enough. */
export interface Need {
  /** `secret of the source shop` */
  readonly what: string;
  readonly oneOf: readonly Wanted[];
}

/** Everything that the functions need from the environment to read the sources. */
export function needsOf(config: Config): Need[] {
  const sources = Object.entries(config.sources).flatMap(([name, source]) => needsOfSource(name, source));
  const headers = Object.keys(config.entities).flatMap((name) => needsOfHeaders(config, name));
  return [...sources, ...headers];
}

function needsOfSource(name: string, source: SourceConfig): Need[] {
  const of = `of the source ${name}`;
  if (source.type === 'postgres') {
    const { secret, url, login } = source;
    const both = [...wanted('secret', login === 'iam' ? undefined : secret), ...wanted('database_url', url)];
    return [{ what: login === 'iam' ? `url ${of}` : `login ${of}`, oneOf: both }];
  }
  const { base_url, api_key_secret } = source;
  return [
    { what: `base_url ${of}`, oneOf: wanted('api_url', base_url) },
    ...(api_key_secret === undefined
      ? []
      : [{ what: `api_key_secret ${of}`, oneOf: wanted('secret', api_key_secret) }]),
  ];
}

function needsOfHeaders(config: Config, name: string): Need[] {
  const entity = entityOf(config, name);
  if (!isEndpoint(entity)) return [];
  return Object.entries(entity.headers).flatMap(([header, value]) =>
    typeof value === 'string' ? [] : [{ what: `header ${header} of ${name}`, oneOf: wanted('header', value) }],
  );
}

function wanted(kind: ValueKind, value: Reference | string | undefined): Wanted[] {
  if (value === undefined) return [];
  return [typeof value === 'string' ? { kind, names: [], literal: value } : { kind, names: value.env }];
}

/** The variables that the configuration names, each once, in its order. */
export function namesIn(needs: readonly Need[]): string[] {
  return [...new Set(needs.flatMap(({ oneOf }) => oneOf.flatMap(({ names }) => names)))];
}
