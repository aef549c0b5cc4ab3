/** What the roles of a template may do, one line for each action, resource and prefix. */
import type { RecordedCall } from './recorded-calls.ts';

export interface Right {
  readonly role: string;
  readonly action: string;
  /** With `*` and `?`, as `RecordedCall` names resources. */
  readonly resource: string;
  /** Of a list of prefixes, one each. */
  readonly prefix?: string;
}

export interface TemplateJson {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Record<string, unknown> }>
  >;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: { readonly StringLikeIfExists?: { readonly 's3:prefix'?: readonly string[] } };
}

/** @param names what the test calls resources that have no name in the template, by logical id: the bucket */
export function rightsIn(template: TemplateJson, names: Readonly<Record<string, string>>): Right[] {
  const policies = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::IAM::Policy');
  return policies.flatMap(([id, { Properties = {} }]) => {
    const role = /^Pipeline(\w+?)RoleDefaultPolicy/.exec(id)?.[1]?.toLowerCase();
    if (role === undefined) return [];
    const { Statement } = Properties['PolicyDocument'] as { Statement: readonly Statement[] };
    return Statement.flatMap((statement) => rightsOf(statement, (resource) => nameOf(resource, template, names))).map(
      (right) => ({ role, ...right }),
    );
  });
}

function rightsOf(statement: Statement, resourceOf: (resource: unknown) => string): Omit<Right, 'role'>[] {
  if (statement.Effect !== 'Allow') throw new RangeError('no role of the pipeline denies anything');
  const prefixes = statement.Condition?.StringLikeIfExists?.['s3:prefix'];
  return [statement.Action].flat().flatMap((action) =>
    [statement.Resource].flat().flatMap((resource) => {
      const right = { action, resource: resourceOf(resource) };
      return prefixes ? prefixes.map((prefix) => ({ ...right, prefix })) : [right];
    }),
  );
}

/** A resource as the recorder names it: without `arn:…:` before it. */
function nameOf(resource: unknown, template: TemplateJson, names: Readonly<Record<string, string>>): string {
  if (typeof resource === 'string') return resource.replace(/^arn:.*:secret:/, '').replace(/-[A-Za-z0-9]{6}$/, '');
  const {
    'Fn::GetAtt': attribute,
    'Fn::Join': join,
    Ref,
  } = resource as {
    'Fn::GetAtt'?: readonly [string, string];
    'Fn::Join'?: readonly [string, readonly unknown[]];
    Ref?: string;
  };
  if (join) {
    const parts = join[1].map((part) => (typeof part === 'string' ? part : nameOf(part, template, names)));
    return parts.join('').replace(/^arn:.*:AWS::AccountId:/, '');
  }
  const id = attribute?.[0] ?? Ref ?? '';
  const { QueueName, LogGroupName, TableName } = template.Resources[id]?.Properties ?? {};
  return names[id] ?? String(QueueName ?? LogGroupName ?? TableName ?? id);
}

export function covers(right: Right, call: RecordedCall): boolean {
  if (right.role !== call.role || right.action !== call.action || !isLike(call.resource, right.resource)) return false;
  return right.prefix === undefined || call.prefix === undefined || isLike(call.prefix, right.prefix);
}

/** IAM's `*` matches slashes too. */
function isLike(text: string, pattern: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text);
}
