import { readFile } from 'node:fs/promises';
import { BronzeError } from '@bronze/common/words/failure';
import type { SecretProvider } from '@bronze/common/ports/secret-provider';
import type { Environment } from '@bronze/common/reference';

/** Secrets on one machine: `env:NAME` is a variable and `file:PATH` a file; `others` is asked for any other name. */
export class LocalSecrets implements SecretProvider {
  readonly #environment: Environment;
  readonly #others: () => Promise<SecretProvider>;

  constructor(environment: Environment, others: () => Promise<SecretProvider>) {
    this.#environment = environment;
    this.#others = others;
  }

  /** @throws BronzeError SECRET_UNREADABLE if the variable is not set or the file can't be read */
  async read(name: string): Promise<string> {
    if (name.startsWith('env:')) return this.#fromEnvironment(name.slice(4));
    if (name.startsWith('file:')) return fromFile(name.slice(5));
    return (await this.#others()).read(name);
  }

  #fromEnvironment(variable: string): string {
    const value = this.#environment[variable];
    if (value) return value;
    throw new BronzeError('SECRET_UNREADABLE', {
      message: `the secret should be in the environment variable ${variable}, which is not set`,
      hint: `Set it to the bare key or to JSON such as {"api_key": "…"}: export ${variable}=…`,
    });
  }
}

async function fromFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    const code: unknown = Reflect.get(Object(thrown), 'code');
    throw new BronzeError('SECRET_UNREADABLE', {
      message: `the secret should be in the file ${path}, which can’t be read (${String(code)})`,
      hint: 'It should hold the bare key, or JSON such as {"api_key": "…"}.',
    });
  }
}
