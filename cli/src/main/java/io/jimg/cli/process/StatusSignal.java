package io.jimg.cli.process;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** The signal that asks a running command how far it has come: SIGUSR1, as qemu-img has it. */
public final class StatusSignal {
    private static final String NAME = "USR1";

    private StatusSignal() {}

    /**
     * Has {@code answer} called, on a thread of its own, each time that the signal comes; the last call counts. It is
     * arranged for beside the work, which need not wait for it.
     */
    public static void answerBy(Runnable answer) {
        Thread arranging = new Thread(() -> arrange(answer), "jimg-status-signal");
        arranging.setDaemon(true);
        arranging.start();
    }

    /**
     * By reflection, for the compiler warns of the class, which is the only one for signals, and cannot be told not to.
     */
    private static void arrange(Runnable answer) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object answering = Proxy.newProxyInstance(
                    StatusSignal.class.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            answer.run();
                        }
                        return null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(NAME), answering);
        } catch (InvocationTargetException unknown) {
            // There is no such signal on this system, or the JVM has taken it.
        } catch (ReflectiveOperationException missing) {
            // A JVM without these classes: the signal keeps its meaning.
        }
    }
}
