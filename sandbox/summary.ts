import type { Example } from './curl-lines.ts'

export interface SummaryFacts {
  readonly shopUrl: string
  readonly gatewayUrl: string
  readonly adminUrl: string
  readonly neuroonUrl: string
  readonly nectorUrl: string
  readonly examples: readonly Example[]
}

/** What is printed once everything listens: where to look, and what to try. */
export function summarize(facts: SummaryFacts): string {
  return [
    '',
    'The Gatehouse sandbox is up. It is offline, on this machine only, and its keys end with it.',
    '',
    `  Demo shop     ${facts.shopUrl}`,
    `  Gateway       ${facts.gatewayUrl}`,
    `  Metrics       ${facts.adminUrl}/metrics`,
    `  Emulators     Neuroon ${facts.neuroonUrl} · Nector ${facts.nectorUrl}`,
    '',
    'To try, top to bottom, in one shell:',
    '',
    ...facts.examples.flatMap(({ title, status, command }) => [
      `# ${title} → ${status}`,
      command,
      '',
    ]),
    'Calls show up below. Ctrl-C ends it.',
    '',
    '',
  ].join('\n')
}
