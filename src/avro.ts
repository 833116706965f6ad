/** The door `millrace/avro`: Avro serdes. The only door that loads avsc. */
export { avro } from './serde/avro.js';
export type { AvroOptions, AvroSchema } from './serde/avro.js';
export type { AvroLogicalType } from './serde/avro-type.js';
