/** The API as a Lambda behind API Gateway. The shop's days pass at midnight UTC; the key comes from Secrets Manager. */
import { SecretsManager } from '@bronze/common/adapters/aws/secrets-manager';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { CachedSecret } from '@bronze/common/secrets/cached-secret';
import { env, resolve } from '@bronze/common/reference';
import { apiKeyIn } from '@bronze/common/secrets/api-key';
import { BronzeError } from '@bronze/common/words/failure';
import { DemoShop } from './demo-shop.ts';
import type { ApiEvent, ApiResult } from './source-api.ts';

const FIRST_DAY_MS = Date.UTC(2026, 10, 1);
const DAY_MS = 86_400_000;
const DAYS_MAX = 366;

const key = new CachedSecret(
  {
    secrets: new SecretsManager(),
    clock: new SystemClock(),
    name: () => resolve(env('API_KEY_SECRET_ARN'), process.env),
  },
  strongKeyIn,
);
let shop = new DemoShop(() => key.current());

export async function handler(event: ApiEvent): Promise<ApiResult> {
  const days = midnightsUntil(Date.now());
  if (days.length !== shop.days) shop = new DemoShop(() => key.current(), days);
  return shop.api.handle(event);
}

/** @throws BronzeError SECRET_UNREADABLE for a key that is easily guessed, or that API Gateway would refuse */
function strongKeyIn(secret: string): string {
  const found = apiKeyIn(secret);
  if (/^[A-Za-z0-9]{20,128}$/.test(found)) return found;
  throw new BronzeError('SECRET_UNREADABLE', {
    message: 'the API key in the secret is not made of 20 to 128 letters and digits',
    hint: 'Put another key into the secret, then deploy with PAYMENTS_API_KEY_VERSION.',
  });
}

function midnightsUntil(now_ms: number): string[] {
  const days = Math.min(DAYS_MAX, Math.max(0, Math.floor((now_ms - FIRST_DAY_MS) / DAY_MS)));
  return Array.from(
    { length: days },
    (_, day) => `${new Date(FIRST_DAY_MS + day * DAY_MS).toISOString().slice(0, 19)}.000000Z`,
  );
}
