/** The environment is not as it has to be; says which variable, and never what a secret holds. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
