package io.jimg.cli.commands;

import io.jimg.DiskImage;
import io.jimg.all.AllFormats;
import io.jimg.cli.arguments.ImageName;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.OutputForm;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.text.InfoText;
import io.jimg.host.file.FileLocks;
import io.jimg.ops.ImageInfo;
import io.jimg.ops.Info;
import io.jimg.spi.Doc;
import io.jimg.spi.JsonWriter;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code info}: what an image says of itself. */
final class InfoCommand implements Command {
    private static final OptionSpec BACKING_CHAIN = OptionSpec.flag("backing-chain", "tell of all images of the chain");

    @Override
    public List<OptionSpec> options() {
        return List.of(
                SharedOptions.HELP,
                SharedOptions.FORMAT,
                SharedOptions.OUTPUT,
                BACKING_CHAIN,
                SharedOptions.OBJECT,
                SharedOptions.IMAGE_OPTS,
                SharedOptions.FORCE_SHARE);
    }

    @Override
    public String operands() {
        return "FILENAME";
    }

    @Override
    public String summary() {
        return "tell about an image";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        FileLocks.announceOpening();
        ImageSource source = new ImageSource(invocation.console());
        @Nullable String format = null;
        OutputForm output = OutputForm.HUMAN;
        boolean chain = false;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "f" -> format = words.argument();
                case "output" -> output = OutputForm.parse(words.argument());
                case "backing-chain" -> chain = true;
                default -> source.take(key, words);
            }
        }
        String name = ImageName.only(words.operands());
        List<ImageInfo> infos = collect(source.locate(name, format), chain);
        if (output == OutputForm.JSON) {
            invocation
                    .console()
                    .line(JsonWriter.pretty(chain ? docs(infos) : infos.get(0).doc()));
        } else {
            invocation.console().out().print(InfoText.of(infos));
        }
        return 0;
    }

    private static List<ImageInfo> collect(ImageSource.Located image, boolean chain) throws IOException {
        if (chain) {
            return Info.chain(AllFormats.images(), image.name(), image.options(), image.words())
                    .run();
        }
        try (DiskImage opened = image.with(image.options().withBacking(false).withInspectOnly(true))
                .open()) {
            return List.of(Info.of(opened));
        }
    }

    private static List<Object> docs(List<ImageInfo> infos) {
        return Doc.list(infos, ImageInfo::doc);
    }
}
