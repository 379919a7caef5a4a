package io.jimg.cli.getopt;

/** The words for options that make no sense. */
public enum Complaints {
    /** One sentence that quotes the word of the command line, as qemu-img has it. */
    BY_WORD {
        @Override
        String unknown(String word, char letter) {
            return "unrecognized option '" + word + "'";
        }

        @Override
        String unknownName(String word) {
            return "unrecognized option '" + word + "'";
        }

        @Override
        String superfluous(String word, String name) {
            return "unrecognized option '" + word + "'";
        }

        @Override
        String missing(String word, char letter) {
            return "missing argument for option '" + word + "'";
        }

        @Override
        String missingOfName(String word, String name) {
            return "missing argument for option '" + word + "'";
        }
    },

    /** What the C library itself says where a program leaves it to it. */
    BY_OPTION {
        @Override
        String unknown(String word, char letter) {
            return "invalid option -- '" + letter + "'";
        }

        @Override
        String unknownName(String word) {
            int equals = word.indexOf('=');
            return "unrecognized option '" + (equals < 0 ? word : word.substring(0, equals)) + "'";
        }

        @Override
        String superfluous(String word, String name) {
            return "option '--" + name + "' doesn't allow an argument";
        }

        @Override
        String missing(String word, char letter) {
            return "option requires an argument -- '" + letter + "'";
        }

        @Override
        String missingOfName(String word, String name) {
            return "option '--" + name + "' requires an argument";
        }
    };

    /** No such letter. */
    abstract String unknown(String word, char letter);

    /** No such long name, or more than one that begins so. */
    abstract String unknownName(String word);

    /** A long name with an argument that it does not take. */
    abstract String superfluous(String word, String name);

    /** A letter without its argument. */
    abstract String missing(String word, char letter);

    /** A long name without its argument. */
    abstract String missingOfName(String word, String name);
}
