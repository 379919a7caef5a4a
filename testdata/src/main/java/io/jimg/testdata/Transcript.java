package io.jimg.testdata;

import java.util.ArrayList;
import java.util.List;

/**
 * What one run of a real tool said. Lines that depend on the file system under the image (disk usage) are left out.
 * Immutable.
 *
 * @param command its words, quoted for a shell
 * @param stdout the lines of its standard output
 * @param stderr the lines of its standard error
 * @param complete whether those are all lines; otherwise each stream is cut after its 50th
 * @param exitCode its exit code; 124 for a run that was ended because it would never have ended
 */
public record Transcript(String command, List<String> stdout, List<String> stderr, boolean complete, int exitCode) {

    static List<Transcript> parse(List<String> lines) {
        List<Transcript> transcripts = new ArrayList<>();
        String command = "";
        List<String> stdout = new ArrayList<>();
        List<String> stderr = new ArrayList<>();
        boolean complete = true;
        for (String line : lines) {
            String text = line.substring(Math.min(2, line.length()));
            switch (line.charAt(0)) {
                case '$' -> command = text;
                case '>', '!' -> {
                    if (line.charAt(1) != ' ') {
                        complete = false;
                    } else {
                        (line.charAt(0) == '>' ? stdout : stderr).add(text);
                    }
                }
                case '=' -> {
                    transcripts.add(new Transcript(
                            command, List.copyOf(stdout), List.copyOf(stderr), complete, Integer.parseInt(text)));
                    stdout.clear();
                    stderr.clear();
                    complete = true;
                }
                default -> throw new IllegalArgumentException("not a line of a transcript: " + line);
            }
        }
        return List.copyOf(transcripts);
    }
}
