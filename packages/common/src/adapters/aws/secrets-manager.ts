import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import { BronzeError } from '../../words/failure.ts';
import type { SecretProvider } from '../../ports/secret-provider.ts';

/** Errors that a retry can't change, because the name, the grant or the key is wrong. */
const CONFIGURATION: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'AccessDeniedException',
  'InvalidParameterException',
  'InvalidRequestException',
  'ValidationException',
  'DecryptionFailure',
  'UnrecognizedClientException',
  'CredentialsProviderError',
]);

/** Reads AWS Secrets Manager by ARN or name. The SDK retries; when it gives up, the queue retries the message. */
export class SecretsManager implements SecretProvider {
  readonly #client: SecretsManagerClient;

  constructor(config: SecretsManagerClientConfig = {}) {
    this.#client = new SecretsManagerClient(config);
  }

  async read(name: string): Promise<string> {
    const found = await this.#client.send(new GetSecretValueCommand({ SecretId: name })).catch((thrown: unknown) => {
      throw failure(thrown instanceof Error ? thrown.name : 'unknown');
    });
    if (found.SecretString !== undefined) return found.SecretString;
    throw new BronzeError('SECRET_UNREADABLE', {
      message: 'the secret is binary, not text',
      hint: 'Store it as a string: the bare key, or JSON.',
    });
  }
}

/** @param name the error's name; its message would reveal account and ARN */
function failure(name: string): BronzeError {
  return CONFIGURATION.has(name)
    ? new BronzeError('SECRET_UNREADABLE', {
        message: `Secrets Manager refuses to return the secret (${name})`,
        hint: 'Is its ARN right, and may this role call secretsmanager:GetSecretValue on it (and kms:Decrypt on its key)?',
      })
    : new BronzeError('SECRET_UNAVAILABLE', {
        message: `Secrets Manager did not answer (${name})`,
        hint: 'It is retried. If this persists: is there a route or a VPC endpoint to Secrets Manager?',
      });
}
