/** `--config`, the same in every command that takes one. */
export const configOption = ['-c, --config <file>', 'the configuration', 'gatehouse.yaml'] as const
