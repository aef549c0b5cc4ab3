/**
 * Where the checkpoints are if `checkpoints.json` is not there: a table that the environment names, as that of the
 * functions does. `CHECKPOINT_STORE` alone may be there for deployments.
 */
export function tableInEnvironment(): string | undefined {
  const { CHECKPOINT_STORE: store, CHECKPOINT_TABLE: table } = process.env;
  return store === 's3' || table === '' ? undefined : table;
}
