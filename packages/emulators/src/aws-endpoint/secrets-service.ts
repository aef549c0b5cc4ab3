import {
  type AwsCall,
  AwsRefusal,
  type AwsReply,
  type AwsRequest,
  type AwsService,
  jsonRefusal,
  jsonReply,
  targetOf,
} from './protocol.ts';

/** Secrets Manager's GetSecretValue; a secret is found by exactly the name or ARN under which it was given. */
export class SecretsService implements AwsService {
  readonly #secrets: Readonly<Record<string, string>>;

  constructor(secrets: Readonly<Record<string, string>>) {
    this.#secrets = secrets;
  }

  callOf(request: AwsRequest): AwsCall {
    const { SecretId } = JSON.parse(request.body.toString()) as { SecretId?: string };
    return { service: 'secretsmanager', action: targetOf(request).split('.')[1] ?? '', name: SecretId ?? '' };
  }

  async handle(_request: AwsRequest, { action, name }: AwsCall): Promise<AwsReply> {
    if (action !== 'GetSecretValue') throw new AwsRefusal(501, 'NotImplemented', action);
    const value = Object.hasOwn(this.#secrets, name) ? this.#secrets[name] : undefined;
    if (value === undefined) throw new AwsRefusal(400, 'ResourceNotFoundException');
    return jsonReply({ Name: name, SecretString: value, VersionId: 'local', VersionStages: ['AWSCURRENT'] });
  }

  refuse(refusal: AwsRefusal): AwsReply {
    return jsonRefusal(refusal, '');
  }
}
