/**
 * tweets: from raw posts to one sentiment per currency they speak of. Retweets are dropped; posts in English go on as
 * they are, the others through a translator (an async call: later records of the task wait, their order is kept); both
 * branches meet again. The input has a serde of our own, the output is Avro.
 *
 *     npm run tweets
 */
import { KafkaStreams, Serdes, StreamsBuilder, memoryLog } from 'millrace';
import { avro } from 'millrace/avro';

interface Tweet {
  readonly id: number;
  readonly lang: string;
  readonly text: string;
  readonly retweet: boolean;
}

interface EntitySentiment {
  readonly id: number;
  readonly entity: string;
  readonly text: string;
  readonly score: number;
}

/** The wire has the upstream's field names; the program has its own. */
const tweetSerde = Serdes.from<Tweet>({
  serialize: (tweet) =>
    Buffer.from(
      JSON.stringify({ Id: tweet.id, Lang: tweet.lang, Text: tweet.text, Retweet: tweet.retweet }),
    ),
  deserialize(bytes) {
    const raw = JSON.parse(Buffer.from(bytes).toString());
    return { id: raw.Id, lang: raw.Lang, text: raw.Text, retweet: raw.Retweet };
  },
});

const sentimentSerde = avro<EntitySentiment>({
  type: 'record',
  name: 'EntitySentiment',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'entity', type: 'string' },
    { name: 'text', type: 'string' },
    { name: 'score', type: 'double' },
  ],
});

const CURRENCIES = ['bitcoin', 'ethereum'];
const SCORES: { readonly [word: string]: number } = {
  love: 0.9,
  rising: 0.5,
  falling: -0.5,
  scam: -0.9,
};
const DICTIONARY: { readonly [word: string]: string } = { amo: 'I love', cae: 'is falling' };

const wordsOf = (text: string) => text.split(/\W+/).filter(Boolean);

/** Stands for a call to a translation service. */
async function translate(tweet: Tweet): Promise<Tweet> {
  const text = wordsOf(tweet.text).map((word) => DICTIONARY[word] ?? word);
  return { ...tweet, lang: 'en', text: text.join(' ') };
}

function sentiments(tweet: Tweet): EntitySentiment[] {
  const words = wordsOf(tweet.text.toLowerCase());
  const score = words.reduce((sum, word) => sum + (SCORES[word] ?? 0), 0);
  const entities = CURRENCIES.filter((currency) => words.includes(currency));
  return entities.map((entity) => ({ id: tweet.id, entity, text: tweet.text, score }));
}

const builder = new StreamsBuilder();
const { english, other } = builder
  .stream('tweets', { key: Serdes.string(), value: tweetSerde })
  .filterNot((_key, tweet) => tweet.retweet)
  .split({ english: (_key, tweet) => tweet.lang === 'en', other: true });
english
  .merge(other.mapValues(translate))
  .flatMapValues(sentiments)
  .to('crypto-sentiment', { value: sentimentSerde });

const log = memoryLog();
await log.admin().createTopics([{ topic: 'tweets', partitions: 1 }]);
await log.producer({ key: Serdes.string(), value: tweetSerde }).sendBatch('tweets', [
  { key: 'ann', value: { id: 1, lang: 'en', text: 'I love Bitcoin and Ethereum', retweet: false } },
  { key: 'bob', value: { id: 2, lang: 'en', text: 'RT: I love Bitcoin', retweet: true } },
  { key: 'eva', value: { id: 3, lang: 'es', text: 'bitcoin cae', retweet: false } },
  { key: 'cem', value: { id: 4, lang: 'en', text: 'nice weather today', retweet: false } },
  { key: 'ann', value: { id: 5, lang: 'en', text: 'Ethereum is rising', retweet: false } },
]);

const app = new KafkaStreams(builder.build(), { applicationId: 'tweets', log });
await app.run({ until: 'caughtUp' });

const consumer = log.consumer({
  groupId: 'reader',
  fromBeginning: true,
  key: Serdes.string(),
  value: sentimentSerde,
});
await consumer.subscribe(['crypto-sentiment']);
for await (const { key, value } of consumer.untilEnd()) {
  console.log(`${key} #${value?.id} ${value?.entity} ${value?.score}: ${value?.text}`);
}
await consumer.close();
await log.close();
