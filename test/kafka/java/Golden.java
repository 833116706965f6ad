import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.ListDeserializer;
import org.apache.kafka.common.serialization.ListSerializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.kstream.SessionWindowedDeserializer;
import org.apache.kafka.streams.kstream.SessionWindowedSerializer;
import org.apache.kafka.streams.kstream.TimeWindowedDeserializer;
import org.apache.kafka.streams.kstream.TimeWindowedSerializer;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.kstream.internals.TimeWindow;

/**
 * Kafka's own codecs behind one line of JSON per question, on the standard input and output. Bytes are hex.
 *
 * <pre>
 *   {"make":"batch", baseOffset, leaderEpoch, producerId, epoch, sequence, transactional, appendTime?, records: [...]}
 *   {"make":"marker", type, baseOffset, leaderEpoch, producerId, epoch, timestamp}            -> {"bytes"}
 *   {"read":"batch", "bytes"}                                                                 -> the batch
 *   {"make":"serde", "serde", "value"} -> {"bytes"}    {"read":"serde", "serde", "bytes"}     -> {"value"}
 * </pre>
 */
public class Golden {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HexFormat HEX = HexFormat.of();
  private static final long WINDOW_SIZE = 60_000;

  public static void main(String[] args) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine())
      out.println(JSON.writeValueAsString(answer(JSON.readTree(line))));
    out.flush();
  }

  private static ObjectNode answer(JsonNode question) {
    if (question.path("make").asText().equals("batch")) return bytes(makeBatch(question));
    if (question.path("make").asText().equals("marker")) return bytes(makeMarker(question));
    if (question.path("read").asText().equals("batch")) return readBatch(question);
    String serde = question.get("serde").asText();
    if (question.has("make")) {
      byte[] made = serializer(serde).serialize("topic", toJava(serde, question.get("value")));
      return JSON.createObjectNode().put("bytes", HEX.formatHex(made));
    }
    Object value = deserializer(serde).deserialize("topic", HEX.parseHex(question.get("bytes").asText()));
    return JSON.createObjectNode().set("value", toJson(value));
  }

  // ---------------------------------------------------------------- batches

  private static MemoryRecords makeBatch(JsonNode batch) {
    boolean appendTime = batch.has("appendTime");
    MemoryRecordsBuilder builder =
        MemoryRecords.builder(
            ByteBuffer.allocate(1024),
            RecordBatch.MAGIC_VALUE_V2,
            compression(batch),
            appendTime ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME,
            batch.get("baseOffset").asLong(),
            appendTime ? batch.get("appendTime").asLong() : RecordBatch.NO_TIMESTAMP,
            batch.get("producerId").asLong(),
            (short) batch.get("epoch").asInt(),
            batch.get("sequence").asInt(),
            batch.get("transactional").asBoolean(),
            false,
            batch.get("leaderEpoch").asInt());
    long offset = batch.get("baseOffset").asLong();
    for (JsonNode record : batch.get("records")) {
      List<Header> headers = new ArrayList<>();
      for (JsonNode header : record.get("headers"))
        headers.add(new RecordHeader(header.get("key").asText(), unhex(header.get("value"))));
      builder.appendWithOffset(
          offset++,
          record.get("timestamp").asLong(),
          unhex(record.get("key")),
          unhex(record.get("value")),
          headers.toArray(new Header[0]));
    }
    return builder.build();
  }

  /** `compression` and `level`, both optional. */
  private static Compression compression(JsonNode batch) {
    boolean levelled = batch.has("level");
    int level = batch.path("level").asInt();
    return switch (batch.path("compression").asText("none")) {
      case "gzip" -> levelled ? Compression.gzip().level(level).build() : Compression.gzip().build();
      case "snappy" -> Compression.snappy().build();
      case "lz4" -> levelled ? Compression.lz4().level(level).build() : Compression.lz4().build();
      case "zstd" -> levelled ? Compression.zstd().level(level).build() : Compression.zstd().build();
      default -> Compression.NONE;
    };
  }

  private static MemoryRecords makeMarker(JsonNode marker) {
    return MemoryRecords.withEndTransactionMarker(
        marker.get("baseOffset").asLong(),
        marker.get("timestamp").asLong(),
        marker.get("leaderEpoch").asInt(),
        marker.get("producerId").asLong(),
        (short) marker.get("epoch").asInt(),
        new EndTransactionMarker(ControlRecordType.valueOf(marker.get("type").asText()), 0));
  }

  private static ObjectNode bytes(MemoryRecords records) {
    ByteBuffer buffer = records.buffer();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return JSON.createObjectNode().put("bytes", HEX.formatHex(bytes));
  }

  /** The fields and names of `DumpedBatch` in own-reading.ts, with keys, values and header values as hex. */
  private static ObjectNode readBatch(JsonNode question) {
    byte[] bytes = HEX.parseHex(question.get("bytes").asText());
    var batches = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches().iterator();
    MutableRecordBatch batch = batches.next();
    batch.ensureValid();
    ObjectNode node = JSON.createObjectNode();
    node.put("baseOffset", batch.baseOffset()).put("lastOffset", batch.lastOffset());
    node.put("count", batch.countOrNull());
    node.put("baseSequence", batch.baseSequence()).put("lastSequence", batch.lastSequence());
    node.put("producerId", batch.producerId()).put("producerEpoch", batch.producerEpoch());
    node.put("partitionLeaderEpoch", batch.partitionLeaderEpoch());
    node.put("isTransactional", batch.isTransactional()).put("isControl", batch.isControlBatch());
    node.put("timestampType", batch.timestampType().name).put("maxTimestamp", batch.maxTimestamp());
    node.put("size", batch.sizeInBytes()).put("compression", batch.compressionType().name);
    node.put("crc", batch.checksum()).put("isValid", batch.isValid() && !batches.hasNext());
    ArrayNode records = node.putArray("records");
    for (Record record : batch) records.add(readRecord(batch, record));
    return node;
  }

  private static ObjectNode readRecord(RecordBatch batch, Record record) {
    ObjectNode node = JSON.createObjectNode();
    node.put("offset", record.offset()).put("timestamp", record.timestamp());
    node.put("sequence", record.sequence());
    node.put("key", hex(record.key())).put("value", hex(record.value()));
    ArrayNode headers = node.putArray("headers");
    for (Header header : record.headers()) {
      byte[] value = header.value();
      headers.addObject().put("key", header.key()).put("value", value == null ? null : HEX.formatHex(value));
    }
    if (batch.isControlBatch()) {
      EndTransactionMarker marker = EndTransactionMarker.deserialize(record);
      node.put("marker", marker.controlType().name());
      node.put("coordinatorEpoch", marker.coordinatorEpoch());
    }
    return node;
  }

  private static byte[] unhex(JsonNode text) {
    return text.isNull() ? null : HEX.parseHex(text.asText());
  }

  private static String hex(ByteBuffer buffer) {
    if (buffer == null) return null;
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return HEX.formatHex(bytes);
  }

  // ---------------------------------------------------------------- serdes: `long`, `list:long`, `time:string`, `session:string`

  private static String inner(String serde) {
    return serde.substring(serde.indexOf(':') + 1);
  }

  private static Serde<?> simple(String serde) {
    return switch (serde) {
      case "string" -> Serdes.String();
      case "short" -> Serdes.Short();
      case "integer" -> Serdes.Integer();
      case "long" -> Serdes.Long();
      case "float" -> Serdes.Float();
      case "double" -> Serdes.Double();
      case "boolean" -> Serdes.Boolean();
      case "uuid" -> Serdes.UUID();
      default -> throw new IllegalArgumentException("no serde " + serde);
    };
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Serializer<Object> serializer(String serde) {
    if (serde.startsWith("list:")) return (Serializer) new ListSerializer(simple(inner(serde)).serializer());
    if (serde.startsWith("time:")) return (Serializer) new TimeWindowedSerializer(simple(inner(serde)).serializer());
    if (serde.startsWith("session:")) return (Serializer) new SessionWindowedSerializer(simple(inner(serde)).serializer());
    return (Serializer) simple(serde).serializer();
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Deserializer<Object> deserializer(String serde) {
    if (serde.startsWith("list:")) return (Deserializer) new ListDeserializer(ArrayList.class, simple(inner(serde)).deserializer());
    if (serde.startsWith("time:")) return (Deserializer) new TimeWindowedDeserializer(simple(inner(serde)).deserializer(), WINDOW_SIZE);
    if (serde.startsWith("session:")) return (Deserializer) new SessionWindowedDeserializer(simple(inner(serde)).deserializer());
    return (Deserializer) simple(serde).deserializer();
  }

  private static Object toJava(String serde, JsonNode value) {
    if (value.isNull()) return null;
    if (serde.startsWith("list:")) {
      List<Object> list = new ArrayList<>();
      for (JsonNode entry : value) list.add(toJava(inner(serde), entry));
      return list;
    }
    if (serde.contains(":")) {
      Object key = toJava(inner(serde), value.get("key"));
      long start = value.get("start").asLong();
      long end = value.get("end").asLong();
      return new Windowed<>(key, serde.startsWith("time:") ? new TimeWindow(start, end) : new SessionWindow(start, end));
    }
    String text = value.asText();
    return switch (serde) {
      case "string" -> text;
      case "short" -> Short.valueOf(text);
      case "integer" -> Integer.valueOf(text);
      case "long" -> Long.valueOf(text);
      case "float" -> Float.valueOf(text);
      case "double" -> Double.valueOf(text);
      case "boolean" -> Boolean.valueOf(text);
      case "uuid" -> UUID.fromString(text);
      default -> throw new IllegalArgumentException("no serde " + serde);
    };
  }

  /** Numbers as text: neither JSON nor JavaScript shall round them. */
  private static JsonNode toJson(Object value) {
    if (value == null) return JSON.nullNode();
    if (value instanceof List<?> list) {
      ArrayNode array = JSON.createArrayNode();
      for (Object entry : list) array.add(toJson(entry));
      return array;
    }
    if (value instanceof Windowed<?> windowed) {
      ObjectNode node = JSON.createObjectNode();
      node.set("key", toJson(windowed.key()));
      return node.put("start", windowed.window().start()).put("end", windowed.window().end());
    }
    if (value instanceof Float number) return JSON.getNodeFactory().textNode(Double.toString(number));
    return JSON.getNodeFactory().textNode(value.toString());
  }
}
