/** What the options and tools of Kafka are called here, for those who type them out of habit. */

const KAFKA_OPTIONS: { readonly [option: string]: string } = {
  'bootstrap-server': 'millrace works on a directory: --log DIR.',
  'broker-list': 'millrace works on a directory: --log DIR.',
  zookeeper: 'millrace works on a directory: --log DIR.',
  create: 'It is a word here: millrace topics create TOPIC.',
  list: 'It is a word here: millrace topics list, millrace groups list.',
  describe: 'It is a word here: millrace topics describe, millrace groups describe.',
  alter: 'It is a word here: millrace topics alter, millrace configs alter.',
  delete: 'It is a word here: millrace topics delete, millrace groups delete.',
  'reset-offsets': 'It is a word here: millrace groups reset GROUP.',
  'delete-offsets': 'It is a word here: millrace groups delete-offsets GROUP.',
  property: 'Say --print key,timestamp to consume, --key-separator and --headers to produce.',
  'max-messages': 'Say --max N.',
  'timeout-ms': 'Say --timeout 10s.',
  'isolation-level': 'Say --isolation.',
  whitelist: 'Say --pattern.',
  include: 'Say --pattern.',
  'add-config': 'Say --set NAME=VALUE.',
  'delete-config': 'Say --unset NAME.',
  'replication-factor': 'The log is one process: there are no replicas.',
  'consumer-property': 'What can be set has an option of its own: --help.',
  'producer-property': 'What can be set has an option of its own: --help.',
  'reader-property': 'Say --key-separator and --headers.',
  'formatter-property': 'Say --print FIELDS.',
  formatter: 'Say --print FIELDS, --key-serde and --value-serde.',
  'entity-type': 'Say --topic TOPIC.',
  'entity-name': 'Say --topic TOPIC.',
  'offset-json-file': 'Say --json FILE.',
};

/** Kafka's tools, without `kafka-` and `.sh`. */
const KAFKA_TOOLS: { readonly [tool: string]: string } = {
  configs: 'configs',
  'console-consumer': 'consume',
  'console-producer': 'produce',
  'consumer-groups': 'groups',
  'delete-records': 'delete-records',
  'dump-log': 'log dump',
  'get-offsets': 'offsets',
  topics: 'topics',
  'verifiable-consumer': 'verify consume',
  'verifiable-producer': 'verify produce',
};

/** What to say instead of an option of Kafka's tools. */
export function kafkaOption(name: string): string | undefined {
  return Object.hasOwn(KAFKA_OPTIONS, name) ? KAFKA_OPTIONS[name] : undefined;
}

/** The command that does what a tool of Kafka does. */
export function kafkaTool(word: string): string | undefined {
  const tool = word.replace(/^kafka-/, '').replace(/\.sh$/, '');
  return Object.hasOwn(KAFKA_TOOLS, tool) ? KAFKA_TOOLS[tool] : undefined;
}
