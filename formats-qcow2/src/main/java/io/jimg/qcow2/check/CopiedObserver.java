package io.jimg.qcow2.check;

import java.io.IOException;

/** Is told of the entries of the active tables whose COPIED flag says something. */
interface CopiedObserver {

    /** Nobody. */
    CopiedObserver NONE = new CopiedObserver() {
        @Override
        public void table(long index, long at, long entry, long tableOffset) {}

        @Override
        public void data(long at, long entry, long offset, long times) {}
    };

    /**
     * An entry of the active L1 table.
     *
     * @param index in the table
     * @param at host offset of the entry
     * @param tableOffset where the L2 table lies
     */
    void table(long index, long at, long entry, long tableOffset) throws IOException;

    /**
     * An entry, with a host cluster, of an L2 table.
     *
     * @param at host offset of the entry
     * @param offset where the cluster lies
     * @param times how many entries of the active L1 table refer to the L2 table
     */
    void data(long at, long entry, long offset, long times) throws IOException;
}
