import { BronzeError } from '../../words/failure.ts';
import type { Environment } from '../../config/reference.ts';

/**
 * The environment variables that a function needs, all set and not empty.
 *
 * @throws BronzeError REFERENCE_UNRESOLVED naming each variable that is not set, and no values
 */
export function requireVariables<Name extends string>(
  environment: Environment,
  names: readonly Name[],
): Readonly<Record<Name, string>> {
  const found = names.map((name): [Name, string] => [name, environment[name] ?? '']);
  const missing = found.filter(([, value]) => value === '').map(([name]) => name);
  if (missing.length === 0) return Object.fromEntries(found) as Record<Name, string>;
  throw new BronzeError('REFERENCE_UNRESOLVED', {
    message: `the function lacks ${missing.length === 1 ? 'the variable' : 'the variables'} ${missing.join(', ')}`,
    hint: 'The CDK stack sets them. Was the function changed by hand, or deployed without the stack?',
  });
}
