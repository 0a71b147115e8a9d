import { markdownTable } from '../../base/markdown.ts';
import { METRICS } from './table.ts';

/** The page about metrics, from their declarations. */
export const metricsDocument = (): string => `# Metrics

<!-- Generated from the declarations by a test; renew it: BARTIZAN_RENEW_GOLDENS=1 npm run check -- contract -->

\`GET /metrics\` answers in the Prometheus text format 0.0.4 to the token of \`webui.metrics_token\` and to admins; a read
token is refused. Counters begin with the process, those of dropped packets with the kernel's table. A metric has 1,000
series at most: what goes beyond is added up in one more, labelled \`_overflow_\`. No label holds an address.

${markdownTable(
  ['metric', 'type', 'what'],
  METRICS.map(({ name, type, help }) => [`\`${name}\``, type, help]),
)}

\`\`\`yaml
scrape_configs:
  - job_name: bartizan
    scheme: https
    authorization: { credentials_file: /etc/prometheus/bartizan-token }
    tls_config: { ca_file: /etc/prometheus/bartizan-ca.crt }
    static_configs:
      - targets: ['edge.example.net:9443']
\`\`\`
`;
