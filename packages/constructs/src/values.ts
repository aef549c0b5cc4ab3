import { SecretValue, Token } from 'aws-cdk-lib';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { namesIn, type Need, type ValueKind } from './needs.ts';

/**
 * Values by the variables that the configuration names. A secret is given as such or by its ARN; anything else as text.
 * A header is text, or a secret, which CloudFormation then resolves at deployment.
 */
export type Values = Readonly<Record<string, string | ISecret>>;

const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@!-]+$/;
/** Secrets Manager adds six characters to the name of each secret; an ARN without them is a partial one. */
const COMPLETE = /-[A-Za-z0-9]{6}$/;

/** What is missing or wrong with the values, one line each, without the values; empty if all is well. */
export function mistakesIn(needs: readonly Need[], values: Values): string[] {
  const known = new Set(namesIn(needs));
  const unknown = Object.keys(values).filter((name) => !known.has(name));
  return [
    ...needs.flatMap((need) => missing(need, values)),
    ...new Set(needs.flatMap((need) => wrong(need, values))),
    ...unknown.map((name) => `${name}: the configuration does not name it`),
  ];
}

function missing({ what, oneOf }: Need, values: Values): string[] {
  if (oneOf.some(({ names, literal }) => literal !== undefined || names.some((name) => isGiven(values[name]))))
    return [];
  const names = [...new Set(oneOf.flatMap((one) => one.names))];
  return [`${names.join(' or ') || 'a value'}: missing, for the ${what}`];
}

function isGiven(value: string | ISecret | undefined): value is string | ISecret {
  return value !== undefined && value !== '';
}

function wrong({ what, oneOf }: Need, values: Values): string[] {
  return oneOf.flatMap(({ kind, names, literal }) => {
    const named = names.map((name) => [name, values[name]] as const);
    return [...named, ...(literal === undefined ? [] : [[what, literal] as const])].flatMap(([name, value]) => {
      const mistake = isGiven(value) ? mistakeIn(kind, value) : undefined;
      return mistake === undefined ? [] : [`${name}: ${mistake}`];
    });
  });
}

function mistakeIn(kind: ValueKind, value: string | ISecret): string | undefined {
  if (typeof value !== 'string') return kind.endsWith('url') ? 'must be a URL, not a secret' : undefined;
  return Token.isUnresolved(value) ? undefined : MISTAKES[kind](value);
}

const MISTAKES: Readonly<Record<ValueKind, (value: string) => string | undefined>> = {
  secret: (value) => (SECRET_ARN.test(value) ? undefined : 'must be the ARN of a secret in Secrets Manager'),
  api_url: (value) => (URL.parse(value)?.protocol === 'https:' ? undefined : 'must be a URL that begins with https://'),
  database_url: (value) => {
    const url = URL.parse(value);
    if (!url || !/^postgres(?:ql)?:$/.test(url.protocol)) return 'must be a URL that begins with postgresql://';
    return url.password === '' ? undefined : 'must not hold a password: keep the login in a secret';
  },
  header: () => undefined,
};

/** What the functions get: variables, and the secrets that the extractor may read. */
export interface Supplied {
  readonly environment: Readonly<Record<string, string>>;
  /** Variables of headers, which may be secrets: for the extractor only. */
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly ISecret[];
}

/** @param values without mistakes */
export function supply(scope: Construct, needs: readonly Need[], values: Values): Supplied {
  const environment: Record<string, string> = {};
  const headers: Record<string, string> = {};
  const secrets = new Map<string, ISecret>();
  for (const { kind, names, literal } of needs.flatMap(({ oneOf }) => oneOf)) {
    for (const name of names) {
      const value = values[name];
      if (isGiven(value)) (kind === 'header' ? headers : environment)[name] = textOf(kind, value);
      if (isGiven(value) && kind === 'secret') keep(secrets, scope, value);
    }
    if (kind === 'secret' && literal !== undefined) keep(secrets, scope, literal);
  }
  return { environment, headers, secrets: [...secrets.values()] };
}

function textOf(kind: ValueKind, value: string | ISecret): string {
  if (kind !== 'header') return typeof value === 'string' ? value : value.secretArn;
  if (typeof value !== 'string') return value.secretValue.unsafeUnwrap();
  return SECRET_ARN.test(value) ? SecretValue.secretsManager(value).unsafeUnwrap() : value;
}

/** A secret that two sources share is granted once. */
function keep(secrets: Map<string, ISecret>, scope: Construct, value: string | ISecret): void {
  const arn = typeof value === 'string' ? value : value.secretArn;
  if (secrets.has(arn)) return;
  secrets.set(arn, typeof value === 'string' ? secretOf(scope, `Secret${secrets.size}`, value) : value);
}

function secretOf(scope: Construct, id: string, arn: string): ISecret {
  if (Token.isUnresolved(arn) || COMPLETE.test(arn)) return Secret.fromSecretCompleteArn(scope, id, arn);
  return Secret.fromSecretPartialArn(scope, id, arn);
}
