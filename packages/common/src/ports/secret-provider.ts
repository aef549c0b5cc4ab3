/** Reads secrets by the name that the configuration gives them. */
export interface SecretProvider {
  /** @throws BronzeError SECRET_UNREADABLE (a person must change something), SECRET_UNAVAILABLE (it is retried) */
  read(name: string): Promise<string>;
}
