/** Settings for `npm run synth -- --example`, which shows the templates of the demo shop without an account. */
export const EXAMPLE = {
  RDS_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-database-AbCdEf',
  API_KEY_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:payments-api-AbCdEf',
  PAYMENTS_API_URL: 'https://api.example.com/v1',
  ALARM_TOPIC_ARN: 'none',
} as const;
