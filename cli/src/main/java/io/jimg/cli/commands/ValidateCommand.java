package io.jimg.cli.commands;

import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.all.AllDigests;
import io.jimg.all.AllFormats;
import io.jimg.cli.arguments.SecretObjects;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Failures;
import io.jimg.cli.report.Outcome;
import io.jimg.cli.report.ReportForm;
import io.jimg.cli.text.Progress;
import io.jimg.ops.Validate;
import io.jimg.spi.DigestAlgorithm;
import io.jimg.validate.Policy;
import io.jimg.validate.Validation;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code validate}: whether images from strangers are what they should be. jimg's own, qemu-img has none. */
final class ValidateCommand implements Command {
    /** Exit code where a validation could not run, be it for the words. */
    private static final int COULD_NOT_RUN = 2;

    private static final OptionSpec POLICY =
            OptionSpec.valued("policy", "strict|cloud|trusted|file", "what is made of each rule (strict)");
    private static final OptionSpec REPORT =
            OptionSpec.valued("report", "human|json|junit|sarif", "choose the report's form (human)");
    private static final OptionSpec DIGEST =
            OptionSpec.valued("digest", "algorithm:hex", "what the guest's content must hash to, as digest prints it");

    @Override
    public List<OptionSpec> options() {
        return List.of(
                SharedOptions.HELP,
                SharedOptions.FORMAT,
                POLICY,
                REPORT,
                DIGEST,
                SharedOptions.PROGRESS,
                SharedOptions.QUIET,
                SharedOptions.OBJECT,
                KeySecret.OPTION,
                SharedOptions.FORCE_SHARE);
    }

    @Override
    public String operands() {
        return "FILENAME...";
    }

    @Override
    public String summary() {
        return "examine images from strangers";
    }

    /** What the words ask for. */
    private static final class Request {
        @Nullable
        String format;

        String policy = Policy.BUILT_IN.get(0);
        ReportForm form = ReportForm.HUMAN;

        @Nullable
        String digest;

        @Nullable
        String keySecret;

        boolean progress;
        boolean quiet;
        boolean forceShare;
    }

    @Override
    public int run(Invocation invocation) throws CommandException, IOException {
        Console console = invocation.console();
        SecretObjects secrets = new SecretObjects();
        Request request = new Request();
        Getopt words = invocation.options(this);
        List<String> names;
        try {
            String key;
            while ((key = words.next()) != null) {
                if (key.equals("h")) {
                    return HELP;
                }
                take(request, secrets, key, words);
            }
            names = words.operands();
            if (names.isEmpty()) {
                throw new UsageException("Expecting one or more image file names");
            }
        } catch (UsageException wrong) {
            throw new CommandException(COULD_NOT_RUN, wrong.sentence());
        } catch (CommandException wrong) {
            throw new CommandException(COULD_NOT_RUN, wrong.sentence());
        } catch (IOException failed) {
            throw new CommandException(COULD_NOT_RUN, Failures.sentence(failed));
        }
        return validate(console, request, secrets, names);
    }

    private static void take(Request request, SecretObjects secrets, String key, Getopt words)
            throws UsageException, CommandException, IOException {
        switch (key) {
            case "f" -> request.format = words.argument();
            case "policy" -> request.policy = words.argument();
            case "report" -> request.form = ReportForm.parse(words.argument());
            case "digest" -> request.digest = words.argument();
            case "p" -> request.progress = true;
            case "q" -> request.quiet = true;
            case "object" -> secrets.define(words.argument());
            case "key-secret" -> request.keySecret = words.argument();
            case "U" -> request.forceShare = true;
            default -> throw new IllegalStateException(key);
        }
    }

    private static int validate(Console console, Request request, SecretObjects secrets, List<String> names)
            throws CommandException {
        Policy policy = policy(request.policy);
        OpenOptions options = OpenOptions.DEFAULT
                .withFormat(request.format)
                .withForceShare(request.forceShare)
                .withSecrets(secrets);
        if (request.keySecret != null) {
            try {
                options = options.withDriverOptions(KeySecret.options(request.format, request.keySecret));
            } catch (CommandException wrong) {
                throw new CommandException(COULD_NOT_RUN, wrong.sentence());
            }
        }
        Progress bar = new Progress(console, request.progress, request.quiet);
        List<Outcome> outcomes = new ArrayList<>();
        int worst = 0;
        for (String name : names) {
            Validate validate = new Validate(AllFormats.images(), name, policy).options(options);
            Outcome outcome = run(withDigest(validate, request.digest), name, bar);
            outcomes.add(outcome);
            worst = Math.max(worst, outcome.exitCode());
        }
        if (!request.quiet) {
            console.line(request.form.write(outcomes));
            if (!console.delivered()) {
                throw new CommandException(COULD_NOT_RUN, "Could not write the report");
            }
        }
        for (Outcome outcome : outcomes) {
            if (outcome.failure() != null) {
                console.error("Could not validate '" + outcome.name() + "': " + outcome.failure());
            }
        }
        return worst;
    }

    private static Policy policy(String name) throws CommandException {
        try {
            return Policy.of(name);
        } catch (ImageException wrong) {
            throw new CommandException(COULD_NOT_RUN, wrong.getMessage());
        } catch (IOException unreadable) {
            throw new CommandException(
                    COULD_NOT_RUN,
                    "Could not read the policy '" + name + "', which is none of " + String.join(", ", Policy.BUILT_IN)
                            + ": " + Failures.sentence(unreadable));
        } catch (InvalidPathException noPath) {
            throw new CommandException(COULD_NOT_RUN, "Could not read the policy: " + noPath.getMessage());
        }
    }

    private static Validate withDigest(Validate validate, @Nullable String digest) throws CommandException {
        if (digest == null) {
            return validate;
        }
        int colon = digest.indexOf(':');
        DigestAlgorithm algorithm = colon < 0 ? null : AllDigests.find(digest.substring(0, colon));
        if (algorithm == null) {
            throw new CommandException(
                    COULD_NOT_RUN,
                    "--digest expects ALGORITHM:HEX with one of " + String.join(", ", AllDigests.names()));
        }
        String hex = digest.substring(colon + 1);
        int digits = 2 * algorithm.hash().get().getDigestLength();
        if (hex.length() != digits || !hex.chars().allMatch(digit -> Character.digit(digit, 16) >= 0)) {
            throw new CommandException(
                    COULD_NOT_RUN, "--digest expects " + digits + " hexadecimal digits for " + algorithm.name());
        }
        return validate.digest(algorithm, hex);
    }

    private static Outcome run(Validate validate, String name, Progress bar) {
        bar.begin();
        try {
            Job<Validation> job = validate.job();
            job.onProgress(bar::at);
            return Outcome.of(name, job.run());
        } catch (IOException failed) {
            return Outcome.failed(name, Failures.sentence(failed));
        } finally {
            bar.leave();
        }
    }
}
