/** Golden images: what real tools made, and what they say of it. */
module io.jimg.testdata {
    requires static org.jspecify;

    exports io.jimg.testdata;
}
