package io.jimg.vmm.vhost;

/** Numbers of the front end's messages, and bits of features (the protocol's "Front-end message types"). */
final class Request {
    static final int GET_FEATURES = 1;
    static final int SET_FEATURES = 2;
    static final int SET_OWNER = 3;
    static final int RESET_OWNER = 4;
    static final int SET_MEM_TABLE = 5;
    static final int SET_VRING_NUM = 8;
    static final int SET_VRING_ADDR = 9;
    static final int SET_VRING_BASE = 10;
    static final int GET_VRING_BASE = 11;
    static final int SET_VRING_KICK = 12;
    static final int SET_VRING_CALL = 13;
    static final int SET_VRING_ERR = 14;
    static final int GET_PROTOCOL_FEATURES = 15;
    static final int SET_PROTOCOL_FEATURES = 16;
    static final int GET_QUEUE_NUM = 17;
    static final int SET_VRING_ENABLE = 18;
    static final int GET_CONFIG = 24;
    static final int SET_CONFIG = 25;
    static final int GET_MAX_MEM_SLOTS = 36;
    static final int ADD_MEM_REG = 37;
    static final int REM_MEM_REG = 38;

    /** Among the device's features: there are features of the protocol. */
    static final long F_PROTOCOL_FEATURES = 1L << 30;

    /** Several queues. */
    static final long PROTOCOL_MQ = 1L;

    /** Any message can be answered by whether it succeeded. */
    static final long PROTOCOL_REPLY_ACK = 1L << 3;

    /** The configuration space is read and written by messages. */
    static final long PROTOCOL_CONFIG = 1L << 9;

    /** Regions of memory come and go one by one. */
    static final long PROTOCOL_CONFIGURE_MEM_SLOTS = 1L << 15;

    private Request() {}
}
