import { BronzeError } from '@bronze/common/words/failure';

/**
 * The URL with a token of RDS's IAM authentication as its password. The token holds for 15 minutes and opens connections
 * only; it is signed here, with the credentials and the region of the process, so RDS is not asked.
 *
 * @param url names host and user: `postgresql://bronze@host:5432/shop`
 * @throws BronzeError SECRET_UNREADABLE without credentials or a region, CONFIG_INVALID if it is not a URL with a user
 */
export async function withRdsToken(url: string): Promise<string> {
  const signed = URL.parse(url);
  if (!signed || signed.username === '') {
    throw new BronzeError('CONFIG_INVALID', {
      message: 'the URL of a source with the login iam names no user',
      hint: 'Write it as postgresql://user@host:5432/database, without a password.',
    });
  }
  // Loaded here because few processes need it, and its credential providers take longer to load than all the rest.
  const { Signer } = await import('@aws-sdk/rds-signer');
  const { hostname, port, username } = signed;
  const signer = new Signer({ hostname, port: Number(port || 5432), username: decodeURIComponent(username) });
  const token = await signer.getAuthToken().catch((thrown: unknown) => {
    throw new BronzeError('SECRET_UNREADABLE', {
      message: `no token for the database could be signed (${thrown instanceof Error ? thrown.name : 'unknown'})`,
      hint: 'It needs AWS credentials and a region: those of the function, or AWS_PROFILE and AWS_REGION.',
    });
  });
  signed.password = encodeURIComponent(token);
  return signed.href;
}
