/** One setting of `carillon run`. The environment name is CARILLON_ and the flag in capitals: --data-dir is CARILLON_DATA_DIR. */
export type Flag = {
  name: string
  /** What stands for the value in the help text; a list may be given several times, in the environment with commas. */
  value: string
  list?: true
  default?: string
  help: string
  /** Where config.yaml of ConfigMap carillon-config has it; left out: nowhere. */
  key?: string
  /** What YAML may write there; left out: a string. */
  takes?: 'quantity' | 'boolean'
  /** Read at the start only: a change of the key needs a restart. */
  fixed?: true
}

export const environmentName = (flag: string): string => `CARILLON_${flag.toUpperCase().replaceAll('-', '_')}`
