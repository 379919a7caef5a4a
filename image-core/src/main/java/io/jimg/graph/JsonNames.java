package io.jimg.graph;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.spi.DottedOptions;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Flattens {@code json:{…}} names to dotted keys. A null becomes an empty text, as QEMU reads {@code backing=null}. */
final class JsonNames {
    private static final int MAXIMUM_DEPTH = 64;
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAXIMUM_DEPTH)
                    .build())
            .build();

    private JsonNames() {}

    /**
     * Reads a name.
     *
     * @param name what begins with {@code json:}
     * @throws ImageException {@link ErrorKind#BAD_OPTION} where it is no JSON object
     */
    static DottedOptions parse(String name) throws ImageException {
        Map<String, String> flat = new LinkedHashMap<>();
        try (JsonParser parser = FACTORY.createParser(name.substring(FileNames.JSON_PREFIX.length()))) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw new ImageException(
                        ErrorKind.BAD_OPTION, "Could not parse the JSON options: Expecting a JSON value");
            }
            if (first != JsonToken.START_OBJECT) {
                throw new ImageException(ErrorKind.BAD_OPTION, "Invalid JSON object given");
            }
            readObject(parser, "", flat);
            if (parser.nextToken() != null) {
                throw new ImageException(
                        ErrorKind.BAD_OPTION, "Could not parse the JSON options: Expecting at most one JSON value");
            }
        } catch (ImageException refused) {
            throw refused;
        } catch (JsonEOFException early) {
            throw malformed("premature EOI", early);
        } catch (JsonProcessingException malformed) {
            throw malformed(malformed.getOriginalMessage(), malformed);
        } catch (IOException failure) {
            throw malformed(String.valueOf(failure.getMessage()), failure);
        }
        return DottedOptions.of(flat);
    }

    private static void readObject(JsonParser parser, String prefix, Map<String, String> flat) throws IOException {
        Set<String> names = new HashSet<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            if (!names.add(parser.currentName())) {
                throw malformed("duplicate key", null);
            }
            String key = prefix + parser.currentName();
            parser.nextToken();
            readValue(parser, key, flat);
        }
    }

    private static void readValue(JsonParser parser, String key, Map<String, String> flat) throws IOException {
        switch (parser.currentToken()) {
            case START_OBJECT -> readObject(parser, key + ".", flat);
            case START_ARRAY -> {
                int index = 0;
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    readValue(parser, key + "." + index++, flat);
                }
            }
            case VALUE_TRUE -> flat.put(key, "on");
            case VALUE_FALSE -> flat.put(key, "off");
            case VALUE_NULL -> flat.put(key, "");
            default -> flat.put(key, parser.getText());
        }
    }

    private static ImageException malformed(String why, @Nullable IOException cause) {
        return new ImageException(
                ErrorKind.BAD_OPTION, "Could not parse the JSON options: JSON parse error, " + why, cause);
    }
}
