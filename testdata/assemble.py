#!/usr/bin/env python3
"""Makes the qcow2 images that qemu-img cannot make: structures assembled byte by byte, and damage done to sound images.

assemble.py FOLDER LIST
    FOLDER holds the sound images that make-images made with qemu-img (the damaged ones start from them) and receives the
    new ones; LIST receives one line an image: name, companion files, what to open it with, description (tabs between).

Field names and offsets are those of the qcow2 specification (docs/interop/qcow2 of QEMU).
"""
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

COPIED = 1 << 63
COMPRESSED = 1 << 62
ZERO = 1
INCOMPATIBLE, COMPATIBLE, AUTOCLEAR = 72, 80, 88
EXT_BACKING_FORMAT, EXT_FEATURES, EXT_BITMAPS, EXT_DATA_FILE = 0xE2792ACA, 0x6803F857, 0x23852875, 0x44415441


def text(offset, length, tag="a"):
    """The self-describing content of all images: lines of 32 bytes, each of which names its own guest offset."""
    first = offset // 32 * 32
    lines = b"".join(b"%s %029d\n" % (tag.encode(), at) for at in range(first, offset + length, 32))
    return lines[offset - first : offset - first + length]


def noise(seed, length):
    return random.Random(seed).randbytes(length)


def deflate(data, window=12):
    z = zlib.compressobj(9, zlib.DEFLATED, -window)
    return z.compress(data) + z.flush()


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c", "--no-check", "-3"], input=data, stdout=subprocess.PIPE, check=True).stdout


class Bytes:
    """A file in memory with big-endian fields."""

    def __init__(self, data=b""):
        self.data = bytearray(data)

    def get(self, at, size):
        return int.from_bytes(self.data[at : at + size], "big")

    def put(self, at, size, value):
        self.write(at, value.to_bytes(size, "big"))

    def write(self, at, content):
        if len(self.data) < at + len(content):
            self.data.extend(bytes(at + len(content) - len(self.data)))
        self.data[at : at + len(content)] = content


class Builder(Bytes):
    """A new image: clusters are handed out in order, refcounts are counted, tables are laid down by finish()."""

    def __init__(self, size, cluster_bits=16, version=3, header_length=112, extended=False, compression=0):
        super().__init__()
        self.size, self.cluster_bits, self.version = size, cluster_bits, version
        self.cluster = 1 << cluster_bits
        self.header_length = header_length if version > 2 else 72
        self.entry_size = 16 if extended else 8
        self.compression = compression
        self.incompatible = (extended << 4) | (8 if compression else 0)
        self.refcounts = {0: 1}
        self.next = self.cluster
        self.entries = {}
        self.extensions = []
        self.backing = b""
        self.extra = b""
        self.write(0, bytes(self.cluster))

    def allocate(self, clusters=1):
        at = self.next
        self.next += clusters * self.cluster
        for n in range(clusters):
            self.reference(at + n * self.cluster)
        self.write(at, bytes(clusters * self.cluster))
        return at

    def reference(self, at, length=1):
        for n in range(at >> self.cluster_bits, ((at + length - 1) >> self.cluster_bits) + 1):
            self.refcounts[n] = self.refcounts.get(n, 0) + 1

    def plain(self, index, content, flags=0, bitmap=0xFFFFFFFF):
        at = self.allocate()
        self.write(at, content)
        self.entries[index] = (COPIED | at | flags, bitmap)
        return at

    def run(self, index, at, length, more_sectors=0):
        """Points a guest cluster to the compressed run of length bytes at a byte offset, and counts the references."""
        shift = 62 - (self.cluster_bits - 8)
        sectors = (at + length - 1) // 512 - at // 512 + more_sectors
        self.entries[index] = (COMPRESSED | sectors << shift | at, 0)
        self.reference(at // 512 * 512, (sectors + 1) * 512)

    def finish(self):
        per_table = self.cluster // self.entry_size
        clusters = (self.size + self.cluster - 1) >> self.cluster_bits
        l1_size = max(1, (clusters + per_table - 1) // per_table)
        l1 = self.allocate((l1_size * 8 + self.cluster - 1) >> self.cluster_bits)
        for table in sorted({index // per_table for index in self.entries}):
            at = self.allocate()
            self.put(l1 + table * 8, 8, COPIED | at)
            for index, (entry, bitmap) in self.entries.items():
                if index // per_table == table:
                    slot = at + index % per_table * self.entry_size
                    self.put(slot, 8, entry)
                    if self.entry_size == 16:
                        self.put(slot + 8, 8, bitmap)
        table = self.allocate()
        per_block = self.cluster // 2
        while True:
            blocks = [self.get(table + n * 8, 8) for n in range(self.cluster // 8)]
            missing = [n for n in sorted({c // per_block for c in self.refcounts}) if not blocks[n]]
            if not missing:
                break
            for n in missing:
                self.put(table + n * 8, 8, self.allocate())
        for n, count in self.refcounts.items():
            self.put(self.get(table + n // per_block * 8, 8) + n % per_block * 2, 2, count)
        self.write(0, struct.pack(">4sI", b"QFI\xfb", self.version))
        self.write(8, struct.pack(">QIIQ", 0, 0, self.cluster_bits, self.size))
        self.write(32, struct.pack(">IIQQIIQ", 0, l1_size, l1, table, 1, 0, 0))
        if self.version > 2:
            self.write(72, struct.pack(">QQQII", self.incompatible, 0, 0, 4, self.header_length))
            if self.header_length > 104:
                self.put(104, 1, self.compression)
            self.write(112 if self.header_length > 104 else 104, self.extra)
        at = self.header_length
        for kind, content in self.extensions:
            self.write(at, struct.pack(">II", kind, len(content)) + content)
            at += 8 + (len(content) + 7) // 8 * 8
        at += 8
        if self.backing:
            self.write(at, self.backing)
            self.put(8, 8, at)
            self.put(16, 4, len(self.backing))
        return self


class Image(Bytes):
    """A sound image with standard L2 entries and refcounts of 16 bits, to be damaged."""

    @property
    def cluster_bits(self):
        return self.get(20, 4)

    @property
    def l1(self):
        return self.get(40, 8)

    @property
    def refcount_table(self):
        return self.get(48, 8)

    @property
    def refcount_block(self):
        return self.get(self.refcount_table, 8)

    def l2(self, table=0):
        return self.get(self.l1 + table * 8, 8) & 0x00FFFFFFFFFFFE00

    def l2_slot(self, index):
        per_table = 1 << (self.cluster_bits - 3)
        return self.l2(index // per_table) + index % per_table * 8

    def entry(self, index):
        return self.get(self.l2_slot(index), 8)

    def set_entry(self, index, value):
        self.put(self.l2_slot(index), 8, value)

    def refcount_slot(self, offset):
        return self.refcount_block + (offset >> self.cluster_bits) * 2

    def set_refcount(self, offset, value):
        self.put(self.refcount_slot(offset), 2, value)

    def extensions(self):
        """Offsets of (type, length, content) up to and without the end mark, and the end mark's offset."""
        at = self.get(100, 4) if self.get(4, 4) > 2 else 72
        found = []
        while self.get(at, 4):
            found.append((self.get(at, 4), at, self.get(at + 4, 4)))
            at += 8 + (self.get(at + 4, 4) + 7) // 8 * 8
        return found, at

    def without_extension(self, kind):
        """Takes an extension out, and moves what follows in the first cluster up over it."""
        found, _ = self.extensions()
        for k, at, length in found:
            if k == kind:
                total = 8 + (length + 7) // 8 * 8
                end = 1 << self.cluster_bits
                self.data[at:end] = self.data[at + total : end] + bytes(total)
                if self.get(8, 8):
                    self.put(8, 8, self.get(8, 8) - total)
                return self
        raise SystemExit(f"no extension {kind:#x}")

    def add_extension(self, kind, content):
        _, end = self.extensions()
        total = 8 + (len(content) + 7) // 8 * 8
        cluster = 1 << self.cluster_bits
        rest = self.data[end : cluster - total]
        self.data[end:cluster] = (struct.pack(">II", kind, len(content)) + content).ljust(total, b"\0") + rest
        if self.get(8, 8):
            self.put(8, 8, self.get(8, 8) + total)
        return self


folder, listing = Path(sys.argv[1]), open(sys.argv[2], "w")


def save(name, image, description, companions="-", opened="-"):
    (folder / f"{name}.qcow2").write_bytes(image.data)
    listing.write(f"{name}\t{companions}\t{opened}\t{description}\n")


def load(name):
    return Image((folder / f"{name}.qcow2").read_bytes())


MIB = 1 << 20


# ---------------------------------------------------------------- valid: headers

def small(**options):
    """Three clusters with data, one hole, in an image of 1 MiB."""
    b = Builder(MIB, **options)
    for index in (0, 1, 7):
        b.plain(index, text(index << b.cluster_bits, min(b.cluster, 4096)))
    return b


save("header-104", small(header_length=104).finish(), "version 3 with the shortest header, 104 bytes")
b = small(header_length=136)
b.extra = b"unknown header fields 24"
save("header-long", b.finish(), "version 3, header of 136 bytes whose last 24 are unknown and not zero")
save("header-v2", small(version=2).finish(), "version 2 without any header extension")
b = small(cluster_bits=9)
b.extensions.append((EXT_BACKING_FORMAT, b"raw"))
save("header-format-without-backing", b.finish(), "backing format extension, but no backing file")
b = small()
b.extensions += [(0x12345678, b"an extension that nobody knows"), (0x0BADF00D, b"")]
save("extension-unknown", b.finish(), "two unknown header extensions, one of them empty")
b = Builder(70000)
b.plain(0, text(0, 4096))
b.plain(1, text(65536, 4480))
save("size-not-of-sectors", b.finish(), "virtual size 70000, no multiple of 512")
b = Builder(MIB)
b.plain(0, text(0, 4096))
for index in range(4, 8):
    b.plain(index, text(index << 16, 4096), flags=ZERO)
b.entries[9] = (ZERO, 0)
save("zero-flags", b.finish(), "zero clusters with and without a host cluster (whose bytes are not zero)")
b = Builder(MIB, cluster_bits=12)
for n, index in enumerate(random.Random(1).sample(range(256), 60)):
    b.plain(index, text(index << 12, 4096))
save("order-random", b.finish(), "host clusters in another order than the guest's")
b = Builder(MIB, cluster_bits=12)
at = b.plain(3, text(0, 4096, "s"))
b.entries[3] = (at, 0)
b.entries[5] = (at, 0)
b.entries[6] = (at, 0)
b.reference(at)
b.reference(at)
save("cluster-shared", b.finish(), "one host cluster under three guest clusters, refcount 3, COPIED clear")

FEATURES = lambda *rows: b"".join(struct.pack(">BB46s", kind, bit, name.encode()) for kind, bit, name in rows)
b = small()
b.extensions.append((EXT_FEATURES, FEATURES((1, 17, "a compatible wonder"), (2, 33, "an autoclear wonder"))))
b.finish().put(COMPATIBLE, 8, 1 << 17)
save("feature-compatible", b, "unknown compatible feature bit 17")
b = small().finish()
b.put(AUTOCLEAR, 8, 1 << 33)
save("feature-autoclear", b, "unknown autoclear feature bit 33")
b = small()
b.extensions.append((EXT_FEATURES, FEATURES((0, 0, "dirty bit"), (0, 40, "quantum clusters"), (0, 41, "x" * 46))))
b.finish().put(INCOMPATIBLE, 8, 3 << 40)
save("feature-incompatible-named", b, "unknown incompatible feature bits 40 and 41, named in the feature name table")
b = small().finish()
b.put(INCOMPATIBLE, 8, 1 << 63 | 1 << 6)
save("feature-incompatible-unnamed", b, "unknown incompatible feature bits 6 and 63 without a feature name table")

# ---------------------------------------------------------------- valid: extended L2 entries

for bits in (14, 16, 21):
    sub = (1 << bits) // 32
    b = Builder(8 << bits, cluster_bits=bits, extended=True)
    piece = min(sub, 1024)

    def full(index, count=32):
        return b"".join(text((index << bits) + n * sub, piece).ljust(sub, b"\xee") for n in range(count))

    b.plain(0, full(0))
    b.plain(1, full(1), bitmap=0x55555555)
    b.plain(2, full(2), bitmap=0x0F0F0F0F | 0xF000_00F0 << 32)
    b.plain(3, full(3), bitmap=0xFFFFFFFF << 32)
    b.plain(4, full(4), bitmap=0)
    b.entries[5] = (0, 0xFFFF0000 << 32)
    b.plain(7, full(7), bitmap=0x80000001 | 0x7FFFFFFE << 32)
    name = {14: "16k", 16: "64k", 21: "2m"}[bits]
    save(f"extl2-mixed-{name}", b.finish(), f"extended L2 entries, {name} clusters: subclusters allocated, zero (with and without"
         " a host cluster) and unallocated, mixed")
    b.backing = f"extl2-backed-{name}.base.raw".encode()
    c = Builder(8 << bits, cluster_bits=bits, extended=True)
    c.entries, c.refcounts, c.next = b.entries, {0: 1}, c.cluster
    c.entries = {}
    for index, bitmap in ((0, 0x0000FF00 | 0xFF << 32), (2, 0xFFFFFFFF), (3, 0x1), (6, 0x80000000 | 0x7FFF0000 << 32)):
        c.plain(index, full(index), bitmap=bitmap)
    c.entries[4] = (0, 0x00FFFF00 << 32)
    c.backing = b.backing
    c.extensions.append((EXT_BACKING_FORMAT, b"raw"))
    base = bytearray(8 << bits)
    for at in range(0, 8 << bits, sub):
        base[at : at + 512] = text(at, 512, "b")
    (folder / b.backing.decode()).write_bytes(base[: (7 << bits) + sub])
    save(f"extl2-backed-{name}", c.finish(), f"extended L2 entries, {name} clusters: unallocated subclusters show the backing"
         " file, which is shorter than the image", b.backing.decode())

b = Builder(8 << 16, extended=True)
b.plain(0, text(0, 65536))
stream = deflate(text(1 << 16, 65536))
at = b.allocate()
b.refcounts[at >> 16] = 0
b.write(at, stream)
b.run(1, at, len(stream))
second = deflate(text(4 << 16, 65536))
b.write(at + len(stream), second)
b.run(4, at + len(stream), len(second))
save("extl2-compressed", b.finish(), "extended L2 entries: compressed clusters between plain ones")

# ---------------------------------------------------------------- valid: compressed clusters


def packed(name, description, streams, cluster_bits=16, compression=0, size=None, slack=0, more=0, fill=0, cut=False, **options):
    """Lays streams (guest cluster -> bytes) one after the other, slack bytes of fill between them, from a cluster's start."""
    b = Builder(size or 16 << cluster_bits, cluster_bits=cluster_bits, compression=compression, **options)
    start = b.next
    at = start
    places = []
    for index, stream in streams:
        places.append((index, at, len(stream)))
        at += len(stream) + slack
    end = places[-1][1] + places[-1][2]
    clusters = ((end + more * 512 - start) >> cluster_bits) + 1
    b.allocate(clusters)
    for n in range(clusters):
        b.refcounts[(start >> cluster_bits) + n] = 0
    b.write(start, bytes([fill]) * (clusters << cluster_bits))
    for (index, stream), (_, where, length) in zip(streams, places):
        b.write(where, stream)
        b.run(index, where, length, more)
    if not cut:
        save(name, b.finish(), description)
        return
    # The tables go first and the streams last, so that the file can end with the last stream's last byte.
    moved = Builder(b.size, cluster_bits=cluster_bits, compression=compression, **options)
    probe = Builder(b.size, cluster_bits=cluster_bits, compression=compression, **options)
    probe.entries = dict(b.entries)
    tables = (len(probe.finish().data) >> cluster_bits) - 1
    first = moved.next + tables * moved.cluster
    at = first
    for index, stream in streams:
        moved.run(index, at, len(stream), more)
        at += len(stream) + slack
    last = at - slack
    moved.finish()
    assert moved.next <= first, "tables reach into the streams"
    at = first
    for index, stream in streams:
        moved.write(at, stream)
        at += len(stream) + slack
    del moved.data[last:]
    save(name, moved, description)


def streams(codec, cluster_bits, indexes=(0, 1, 2, 5, 9)):
    size = 1 << cluster_bits
    return [(n, codec(text(n * size, size))) for n in indexes]


half = lambda bits, n: noise(n, (1 << bits) // 2) + text((n << bits) + (1 << bits) // 2, (1 << bits) // 2)
for codec, number, label in ((deflate, 0, "zlib"), (zstd, 1, "zstd")):
    packed(f"compressed-{label}-shared-sector", f"{label}: runs packed byte by byte, so that several share a sector",
           streams(codec, 12), 12, number)
    packed(f"compressed-{label}-spans-clusters", f"{label}: runs that begin in one host cluster and end in the next",
           [(n, codec(half(12, n))) for n in range(6)], 12, number)
    packed(f"compressed-{label}-garbage", f"{label}: non-zero bytes after each run, and runs that claim two sectors more than"
           " they need", streams(codec, 16), 16, number, slack=700, more=2, fill=0xAA)
    packed(f"compressed-{label}-end-of-file", f"{label}: the file ends with the last run's last byte, inside its last sector",
           streams(codec, 16), 16, number, cut=True)
    packed(f"compressed-{label}-partial", f"{label}: the last cluster is partial, its run holds a whole one",
           streams(codec, 16, (0, 2)), 16, number, size=(2 << 16) + 1536)
packed("compressed-zlib-512", "zlib: clusters of 512 bytes", [(n, deflate(text(n * 512, 512))) for n in range(0, 60, 3)], 9,
       size=64 * 512)
packed("compressed-zlib-v2", "zlib in version 2", streams(deflate, 16), version=2)
packed("compressed-zlib-window-32k", "zlib: made with a window of 32 KiB, with matches farther back than 4 KiB",
       [(0, deflate(noise(1, 20000) + noise(1, 20000) + bytes(65536 - 40000), 15)), (1, deflate(noise(2, 30000) * 2 + bytes(5536), 15))])
stored = zlib.compressobj(0, zlib.DEFLATED, -12)
packed("compressed-zlib-stored", "zlib: stored blocks, longer than 60 sectors", [(3, stored.compress(noise(3, 32768) + bytes(32768)) + stored.flush())])
packed("compressed-zstd-two-frames", "zstd: a cluster of two frames", [(1, zstd(text(65536, 30000)) + zstd(text(95536, 35536)))], compression=1)
packed("compressed-zlib-short", "zlib: a stream that ends before the cluster is full (damage)", [(0, deflate(text(0, 65536))), (1, deflate(text(65536, 60000)))])
packed("compressed-zstd-short", "zstd: a frame that ends before the cluster is full (damage)", [(0, zstd(text(0, 65536))), (1, zstd(text(65536, 60000)))], compression=1)
packed("compressed-zlib-nonsense", "zlib: a run that is no deflate stream (damage)", [(0, deflate(text(0, 65536))), (1, b"\xff" * 300)])
packed("compressed-zstd-nonsense", "zstd: a run that is no zstd frame (damage)", [(0, zstd(text(0, 65536))), (1, b"\xff" * 300)], compression=1)
packed("compressed-zlib-long", "zlib: a stream longer than its cluster: decoding stops at the cluster's end",
       [(0, deflate(text(0, 90000))), (4, deflate(text(4 << 16, 65536)))])
packed("compressed-zstd-long", "zstd: a frame longer than its cluster (damage)",
       [(0, zstd(text(0, 90000))), (4, zstd(text(4 << 16, 65536)))], compression=1)
b = Builder(16 << 16, compression=0)
stream = deflate(text(0, 65536))
at = b.allocate()
b.refcounts[at >> 16] = 0
b.write(at, stream)
b.run(0, at, len(stream))
b.run(6, at, len(stream))
save("compressed-zlib-same-run", b.finish(), "zlib: two guest clusters that point to the very same run")

# ---------------------------------------------------------------- valid: backing names, data files

save("backing-probed", load("backing-relative").without_extension(EXT_BACKING_FORMAT),
     "relative backing name without a stated format: the qcow2 base is probed", "backing-relative.base.qcow2")
image = load("backing-raw").without_extension(EXT_BACKING_FORMAT)
save("backing-probed-raw", image, "relative backing name without a stated format: the base is probed as raw", "backing-raw.base.raw")


def backed(name, backing, description, form=b"qcow2", companions="-", **options):
    b = small(**options)
    b.backing = backing.encode()
    if form:
        b.extensions.append((EXT_BACKING_FORMAT, form))
    save(name, b.finish(), description, companions)


backed("backing-json", 'json:{"driver":"qcow2","file":{"driver":"file","filename":"backing-relative.base.qcow2"}}',
       "json: backing name (names in it are relative to the working directory)", None, "backing-relative.base.qcow2")
backed("backing-json-dotted", 'json:{"driver":"raw","offset":4096,"size":65536,"file.driver":"file","file.filename":"backing-raw.base.raw"}',
       "json: backing name with dotted keys and a raw driver that shows a part of the file", None, "backing-raw.base.raw")
backed("backing-json-raw-format", 'json:{"driver":"qcow2","file":{"driver":"file","filename":"backing-relative.base.qcow2"}}',
       "json: backing name with a stated format that agrees", b"qcow2", "backing-relative.base.qcow2")
backed("backing-json-bad", 'json:{"driver":"qcow2","file":', "json: backing name that is no JSON", None)
backed("backing-url", "nbd://localhost:9/disk", "backing name is a URL of a server that does not answer", b"raw")
backed("backing-protocol-unknown", "wormhole:far/away", "backing name with a protocol that nobody knows", b"raw")
backed("backing-file-url", "file:backing-relative.base.qcow2", "backing name with the file: prefix", b"qcow2", "backing-relative.base.qcow2")
backed("backing-missing", "backing-missing.base.qcow2", "the backing file does not exist")
backed("backing-loop", "backing-loop.qcow2", "the image is its own backing file")
backed("backing-format-unknown", "backing-relative.base.qcow2", "the stated backing format is unknown", b"parquet", "backing-relative.base.qcow2")
backed("backing-format-wrong", "backing-raw.base.raw", "the stated backing format qcow2, the file is raw", b"qcow2", "backing-raw.base.raw")
backed("backing-v2", "backing-raw.base.raw", "version 2 with a backing file", b"raw", "backing-raw.base.raw", version=2)
backed("backing-name-1023", "./" * 501 + "backing-raw.base.raw\0"[:20] , "a backing name of 1022 bytes", b"raw", "backing-raw.base.raw", cluster_bits=12)

image = load("data-file")
save("data-file-unnamed", image.without_extension(EXT_DATA_FILE), "external data file without a stated name: it must be given when opening",
     "data-file.data.raw")
image = load("data-file").without_extension(EXT_DATA_FILE)
name = b'json:{"driver":"file","filename":"data-file.data.raw"}'
save("data-file-json", image.add_extension(EXT_DATA_FILE, name), "the data file's name looks like json: and is a literal file name (which does not exist)",
     "data-file.data.raw")
image = load("data-file").without_extension(EXT_DATA_FILE)
save("data-file-missing", image.add_extension(EXT_DATA_FILE, b"data-file-missing.data.raw"), "the data file does not exist")

# ---------------------------------------------------------------- damaged: what check is for

CLUSTER = 65536


def damaged(name, description, change, base="damage-base", companions="-"):
    image = load(base)
    result = change(image)
    save(name, result if isinstance(result, Image) else image, description, companions)


def leak(i):
    at = len(i.data) // CLUSTER * CLUSTER
    i.write(at, bytes(CLUSTER))
    i.set_refcount(at, 1)
    i.set_refcount(at + CLUSTER, 3)


host = lambda i, n: i.entry(n) & 0x00FFFFFFFFFFFE00
damaged("damage-leak", "two leaked clusters, one of them past the end of the file", leak)
damaged("damage-refcount-high", "a cluster in use whose refcount is 2", lambda i: i.set_refcount(host(i, 1), 2))
damaged("damage-refcount-low", "a cluster in use whose refcount is 0", lambda i: i.set_refcount(host(i, 1), 0))
damaged("damage-refcount-low-copied-clear", "two guest clusters on one host cluster, refcount 1, COPIED clear",
        lambda i: (i.set_entry(1, host(i, 1)), i.set_entry(9, host(i, 1))))
damaged("damage-overlap", "two guest clusters on one host cluster, both COPIED, refcount 1", lambda i: i.set_entry(9, i.entry(1)))
damaged("damage-copied-clear", "refcount 1 without COPIED in an L2 entry", lambda i: i.set_entry(1, host(i, 1)))
damaged("damage-copied-set", "refcount 2 with COPIED in two L2 entries", lambda i: (i.set_entry(9, i.entry(1)), i.set_refcount(host(i, 1), 2)))
damaged("damage-copied-clear-l1", "refcount 1 without COPIED in an L1 entry", lambda i: i.put(i.l1, 8, i.l2()))
damaged("damage-l2-unaligned", "an L2 entry that is not aligned to a cluster", lambda i: i.set_entry(1, i.entry(1) + 512))
damaged("damage-l2-zero-unaligned", "a preallocated zero cluster that is not aligned", lambda i: i.set_entry(1, i.entry(1) + 512 | ZERO))
damaged("damage-l2-reserved", "reserved bits 1, 8 and 56 set in L2 entries", lambda i: (i.set_entry(1, i.entry(1) | 2 | 1 << 8), i.set_entry(0, i.entry(0) | 1 << 56)))
damaged("damage-l2-past-end", "an L2 entry that points past the end of the file", lambda i: i.set_entry(1, COPIED | 1 << 40))
damaged("damage-l2-offset-max", "an L2 entry with the largest offset", lambda i: i.set_entry(1, COPIED | 0x00FFFFFFFFFF0000))
damaged("damage-l2-into-header", "an L2 entry that points to the header (offset 0, COPIED)", lambda i: i.set_entry(1, COPIED))
damaged("damage-l2-into-refcounts", "an L2 entry that points to the refcount block", lambda i: i.set_entry(1, COPIED | i.refcount_block))
damaged("damage-l2-self", "an L2 table with an entry that points to the table itself", lambda i: i.set_entry(1, COPIED | i.l2()))
damaged("damage-l1-past-end", "an L1 entry that points past the end of the file", lambda i: i.put(i.l1, 8, COPIED | 1 << 40))
damaged("damage-l1-unaligned", "an L1 entry that is not aligned to a cluster", lambda i: i.put(i.l1, 8, i.get(i.l1, 8) + 512))
damaged("damage-l1-reserved", "reserved bits set in an L1 entry", lambda i: i.put(i.l1, 8, i.get(i.l1, 8) | 0x7F00000000000003))
damaged("damage-l1-self", "an L1 entry that points to the L1 table", lambda i: i.put(i.l1, 8, COPIED | i.l1))
damaged("damage-l1-into-header", "an L1 table at the header", lambda i: i.put(40, 8, 0))
damaged("damage-l1-on-refcounts", "an L1 table on top of the refcount table", lambda i: i.put(40, 8, i.refcount_table))
damaged("damage-l1-twice", "two L1 entries that share one L2 table (refcount 1)", lambda i: i.put(i.l1 + 8, 8, i.get(i.l1, 8)), "damage-base-512")
damaged("damage-refcount-table-garbage", "a refcount table full of garbage", lambda i: i.write(i.refcount_table, noise(7, CLUSTER)))
damaged("damage-refcount-table-zero", "an empty refcount table", lambda i: i.write(i.refcount_table, bytes(CLUSTER)))
damaged("damage-refcount-table-self", "the refcount table's first entry points to the table itself", lambda i: i.put(i.refcount_table, 8, i.refcount_table))
damaged("damage-refcount-table-reserved", "reserved bits in a refcount table entry", lambda i: i.put(i.refcount_table, 8, i.refcount_block | 5))
damaged("damage-refcount-block-unaligned", "a refcount block that is not aligned", lambda i: i.put(i.refcount_table, 8, i.refcount_block + 512))
damaged("damage-refcount-block-past-end", "a refcount block past the end of the file", lambda i: i.put(i.refcount_table + 8, 8, 1 << 40))
damaged("damage-refcount-block-twice", "one refcount block in two entries of the table", lambda i: i.put(i.refcount_table + 8, 8, i.refcount_block))
damaged("damage-refcount-block-zero", "refcounts of the whole file are 0", lambda i: i.write(i.refcount_block, bytes(CLUSTER)))
damaged("damage-truncated", "the file ends in the middle of its last data clusters", lambda i: i.data.__delitem__(slice(host(i, 3) + 1000, None)))
damaged("damage-truncated-tables", "the file ends before its L2 table", lambda i: i.data.__delitem__(slice(i.l2(), None)))
damaged("damage-corrupt-bit", "marked corrupt (incompatible feature bit 1)", lambda i: i.put(INCOMPATIBLE, 8, 2))
damaged("damage-dirty-sound", "marked dirty, though the refcounts are right", lambda i: i.put(INCOMPATIBLE, 8, 1))
damaged("damage-dirty-stale", "marked dirty and lazy, refcounts of two clusters missing and one leaked",
        lambda i: (i.put(INCOMPATIBLE, 8, 1), i.put(COMPATIBLE, 8, 1), i.set_refcount(host(i, 0), 0), i.set_refcount(host(i, 1), 0),
                   i.set_refcount(len(i.data) + CLUSTER, 1)))
damaged("damage-compressed-past-end", "a compressed cluster past the end of the file", lambda i: i.set_entry(1, COMPRESSED | 1 << 54 | 1 << 40))
damaged("damage-compressed-max", "a compressed cluster with the largest offset and the most sectors", lambda i: i.set_entry(1, COMPRESSED | 0x3FFFFFFFFFFFFFFF))
damaged("damage-compressed-copied", "a compressed cluster with COPIED set", lambda i: i.set_entry(0, i.entry(0) | COPIED), "compressed-zlib-garbage")
damaged("damage-many", "several kinds of damage at once: overlap, leak, low refcount, COPIED, unaligned entry",
        lambda i: (i.set_entry(9, i.entry(1)), leak(i), i.set_refcount(host(i, 0), 0), i.set_entry(3, host(i, 3)), i.set_entry(2, i.entry(2) + 1024)))


def both_bits(i):
    at = i.l2()
    i.put(at + 8, 8, 1 | 1 << 32)


damaged("damage-extl2-both-bits", "a subcluster that is both allocated and zero", both_bits, "extl2-mixed-16k")
damaged("damage-extl2-allocated-nowhere", "allocated subclusters without a host cluster", lambda i: i.put(i.l2() + 5 * 16 + 8, 8, 1), "extl2-mixed-16k")
damaged("damage-extl2-zero-flag", "the zero flag of standard entries in an extended L2 entry", lambda i: i.put(i.l2(), 8, i.get(i.l2(), 8) | ZERO), "extl2-mixed-16k")
damaged("damage-extl2-compressed-bitmap", "a compressed cluster whose subcluster bitmap is not zero", lambda i: i.put(i.l2() + 16 + 8, 8, 0xFF), "extl2-compressed")
damaged("damage-data-file-offset", "an entry whose host offset differs from its guest offset, with an external data file",
        lambda i: i.set_entry(1, i.entry(1) + 0x20000), "data-file", "data-file.data.raw")

# snapshots
snap = lambda i: i.get(64, 8)
damaged("damage-snapshot-count", "nb_snapshots is 2^31", lambda i: i.put(60, 4, 1 << 31), "snapshots")
damaged("damage-snapshot-count-65537", "nb_snapshots is 65537, one above the limit", lambda i: i.put(60, 4, 65537), "snapshots")
damaged("damage-snapshot-table-past-end", "the snapshot table is past the end of the file", lambda i: i.put(64, 8, 1 << 40), "snapshots")
damaged("damage-snapshot-table-unaligned", "the snapshot table is not aligned", lambda i: i.put(64, 8, snap(i) + 8), "snapshots")
damaged("damage-snapshot-table-far", "the snapshot table's offset is near 2^63", lambda i: i.put(64, 8, (1 << 63) - CLUSTER), "snapshots")
damaged("damage-snapshot-extra", "a snapshot with 1 GiB of extra data", lambda i: i.put(snap(i) + 36, 4, 1 << 30), "snapshots")
damaged("damage-snapshot-l1-size", "a snapshot whose L1 table has 2^31 entries", lambda i: i.put(snap(i) + 8, 4, 1 << 31), "snapshots")
damaged("damage-snapshot-l1-unaligned", "a snapshot whose L1 table is not aligned", lambda i: i.put(snap(i), 8, i.get(snap(i), 8) + 512), "snapshots")
damaged("damage-snapshot-l1-past-end", "a snapshot whose L1 table is past the end of the file", lambda i: i.put(snap(i), 8, 1 << 40), "snapshots")
damaged("damage-snapshot-id-length", "a snapshot whose id is said to be 65535 bytes long", lambda i: i.put(snap(i) + 12, 2, 65535), "snapshots")
damaged("damage-snapshot-refcount", "a cluster that only a snapshot uses has refcount 0",
        lambda i: i.set_refcount(i.get(i.get(i.get(snap(i), 8), 8) & 0x00FFFFFFFFFFFE00, 8) & 0x00FFFFFFFFFFFE00, 0), "snapshots")



def rewrite_snapshots(image, extra_of):
    """Lays the snapshot table anew, with what extra_of makes of each entry's extra data."""
    at = target = snap(image)
    entries = []
    for _ in range(image.get(60, 4)):
        id_length, name_length, extra_length = image.get(at + 12, 2), image.get(at + 14, 2), image.get(at + 36, 4)
        fixed, extra = bytes(image.data[at : at + 36]), bytes(image.data[at + 40 : at + 40 + extra_length])
        names = bytes(image.data[at + 40 + extra_length : at + 40 + extra_length + id_length + name_length])
        extra = extra_of(extra)
        entry = fixed + struct.pack(">I", len(extra)) + extra + names
        entries.append(entry.ljust((len(entry) + 7) // 8 * 8, b"\0"))
        at += (40 + extra_length + id_length + name_length + 7) // 8 * 8
    image.write(target, b"".join(entries).ljust(at - target, b"\0"))
    return image


save("snapshots-v2-without-extra", rewrite_snapshots(load("snapshots-v2"), lambda extra: b""), "version 2 snapshots without any extra data, as old writers made them")
listing.write("snapshots-v2-without-extra@1\t-\tsnapshot.id=1\ttheir first snapshot\n")
save("snapshots-extra-unknown", rewrite_snapshots(load("snapshots"), lambda extra: extra + b"unknown extra data"), "snapshots with extra data that nobody knows")
listing.write("snapshots-extra-unknown@first\t-\tsnapshot.name=first\ttheir first snapshot\n")
damaged("damage-snapshot-without-extra", "version 3 snapshots without the extra data that version 3 demands",
        lambda i: rewrite_snapshots(i, lambda extra: b""), "snapshots")

# bitmaps


def bitmap_extension(i):
    return next(at + 8 for kind, at, _ in i.extensions()[0] if kind == EXT_BITMAPS)


directory = lambda i: i.get(bitmap_extension(i) + 16, 8)
damaged("damage-bitmap-count", "2^31 bitmaps", lambda i: i.put(bitmap_extension(i), 4, 1 << 31), "bitmaps")
damaged("damage-bitmap-directory-past-end", "the bitmap directory is past the end of the file", lambda i: i.put(bitmap_extension(i) + 16, 8, 1 << 40), "bitmaps")
damaged("damage-bitmap-directory-size", "the bitmap directory is 2^62 bytes long", lambda i: i.put(bitmap_extension(i) + 8, 8, 1 << 62), "bitmaps")
damaged("damage-bitmap-table-unaligned", "a bitmap table that is not aligned", lambda i: i.put(directory(i), 8, i.get(directory(i), 8) + 512), "bitmaps")
damaged("damage-bitmap-table-size", "a bitmap table of 2^31 entries", lambda i: i.put(directory(i) + 8, 4, 1 << 31), "bitmaps")
damaged("damage-bitmap-refcount", "the bitmap directory's refcount is 0", lambda i: i.set_refcount(directory(i), 0), "bitmaps")
damaged("damage-bitmap-leak", "bitmaps whose autoclear bit is clear: inconsistent", lambda i: i.put(AUTOCLEAR, 8, 0), "bitmaps")
damaged("damage-bitmap-bit-alone", "the autoclear bit of bitmaps without their extension", lambda i: i.put(AUTOCLEAR, 8, 1))
damaged("damage-bitmap-in-use", "a bitmap that was not closed well (in_use)", lambda i: i.put(directory(i) + 12, 4, i.get(directory(i) + 12, 4) | 1), "bitmaps")

# ---------------------------------------------------------------- hostile headers
hostile = lambda name, description, change: damaged("header-" + name, description, change)
hostile("l1-size-2g", "l1_size is 2^31", lambda i: i.put(36, 4, 1 << 31))
hostile("l1-size-max", "l1_size is 2^32-1", lambda i: i.put(36, 4, 0xFFFFFFFF))
hostile("l1-size-32m", "l1_size is one entry more than 32 MiB holds", lambda i: i.put(36, 4, 4 * MIB + 1))
hostile("l1-size-0", "l1_size is 0, too small for the virtual size", lambda i: i.put(36, 4, 0))
hostile("l1-size-large", "l1_size is larger than the virtual size needs and the file holds", lambda i: i.put(36, 4, 1 << 20))
hostile("l1-offset-far", "the L1 table's offset is near 2^63", lambda i: i.put(40, 8, (1 << 63) - CLUSTER))
hostile("l1-offset-max", "the L1 table's offset has all bits set but the lowest 16", lambda i: i.put(40, 8, (1 << 64) - CLUSTER))
hostile("l1-offset-past-end", "the L1 table is past the end of the file", lambda i: i.put(40, 8, 1 << 40))
hostile("l1-offset-unaligned", "the L1 table is not aligned", lambda i: i.put(40, 8, i.l1 + 512))
hostile("refcount-table-unaligned", "the refcount table is not aligned", lambda i: i.put(48, 8, i.refcount_table + 512))
hostile("refcount-table-far", "the refcount table's offset is near 2^63", lambda i: i.put(48, 8, (1 << 63) - CLUSTER))
hostile("refcount-table-past-end", "the refcount table is past the end of the file", lambda i: i.put(48, 8, 1 << 40))
hostile("refcount-table-zero", "the refcount table's offset is 0", lambda i: i.put(48, 8, 0))
hostile("refcount-table-clusters-0", "the refcount table has no clusters", lambda i: i.put(56, 4, 0))
hostile("refcount-table-clusters-129", "the refcount table has 129 clusters, one more than 8 MiB", lambda i: i.put(56, 4, 129))
hostile("refcount-table-clusters-max", "the refcount table has 2^32-1 clusters", lambda i: i.put(56, 4, 0xFFFFFFFF))
hostile("refcount-order-7", "refcount_order is 7", lambda i: i.put(96, 4, 7))
hostile("refcount-order-max", "refcount_order is 2^32-1", lambda i: i.put(96, 4, 0xFFFFFFFF))
for bits in (0, 8, 22, 31, 63, 0xFFFFFFFF):
    hostile(f"cluster-bits-{bits if bits < 64 else 'max'}", f"cluster_bits is {bits}", lambda i, bits=bits: i.put(20, 4, bits))
for length in (0, 96, 106, 1 << 16, (1 << 16) + 8, 0xFFFFFFF8):
    hostile(f"length-{length}", f"header_length is {length}", lambda i, length=length: i.put(100, 4, length))
hostile("version-1", "version 1 under the magic of qcow2", lambda i: i.put(4, 4, 1))
hostile("version-4", "version 4", lambda i: i.put(4, 4, 4))
hostile("magic", "another magic", lambda i: i.put(0, 4, 0x51464900))
hostile("size-max", "virtual size 2^64-512", lambda i: i.put(24, 8, (1 << 64) - 512))
hostile("size-2-63", "virtual size 2^63", lambda i: i.put(24, 8, 1 << 63))
hostile("size-too-large", "virtual size that l1_size does not cover", lambda i: i.put(24, 8, 1 << 40))
hostile("crypt-method-3", "crypt_method is 3", lambda i: i.put(32, 4, 3))
hostile("crypt-method-luks", "crypt_method says LUKS, without the extension that points to the LUKS header", lambda i: i.put(32, 4, 2))
hostile("compression-type-2", "compression_type is 2 with its incompatible bit", lambda i: (i.put(104, 1, 2), i.put(INCOMPATIBLE, 8, 8)))
hostile("compression-type-bit-alone", "the compression type bit with compression_type 0", lambda i: i.put(INCOMPATIBLE, 8, 8))
hostile("compression-type-without-bit", "compression_type 1 without its incompatible bit", lambda i: i.put(104, 1, 1))
hostile("extl2-small-cluster", "extended L2 entries with clusters of 4 KiB", lambda i: (i.put(20, 4, 12), i.put(INCOMPATIBLE, 8, 16)))
hostile("extension-too-long", "a header extension longer than the first cluster", lambda i: i.add_extension(0x12345678, b"") and i.put(i.extensions()[0][-1][1] + 4, 4, CLUSTER))
hostile("extension-max", "a header extension of 2^32-1 bytes", lambda i: i.add_extension(0x12345678, b"") and i.put(i.extensions()[0][-1][1] + 4, 4, 0xFFFFFFFF))
hostile("feature-table-odd", "a feature name table whose length is no multiple of 48", lambda i: i.without_extension(EXT_FEATURES).add_extension(EXT_FEATURES, FEATURES((0, 9, "nine")) + b"\0\1half") and i.put(INCOMPATIBLE, 8, 1 << 9))
hostile("backing-format-long", "a backing format of 200 bytes", lambda i: i.add_extension(EXT_BACKING_FORMAT, b"q" * 200))


def backing_name(i, at, length):
    i.put(8, 8, at)
    i.put(16, 4, length)
    i.write(4096, b"b" * 3000)


hostile("backing-name-2000", "a backing name of 2000 bytes", lambda i: backing_name(i, 4096, 2000))
hostile("backing-name-1024", "a backing name of 1024 bytes, one above the limit", lambda i: backing_name(i, 4096, 1024))
hostile("backing-name-max", "a backing name of 2^32-1 bytes", lambda i: backing_name(i, 4096, 0xFFFFFFFF))
hostile("backing-name-past-cluster", "a backing name that reaches beyond the first cluster", lambda i: backing_name(i, CLUSTER - 10, 100))
hostile("backing-offset-past-cluster", "a backing name that begins beyond the first cluster", lambda i: backing_name(i, CLUSTER + 10, 100))
hostile("backing-offset-max", "a backing name at offset 2^64-1", lambda i: backing_name(i, (1 << 64) - 1, 100))
hostile("backing-offset-in-header", "a backing name inside the header", lambda i: backing_name(i, 20, 100))
hostile("backing-name-empty", "a backing name of no bytes", lambda i: backing_name(i, 4096, 0))
hostile("cut-50", "a file of 50 bytes", lambda i: i.data.__delitem__(slice(50, None)))
hostile("cut-80", "a file that ends inside the fields of version 3", lambda i: i.data.__delitem__(slice(80, None)))
hostile("cut-300", "a file that ends inside the header extensions", lambda i: i.data.__delitem__(slice(300, None)))
hostile("cut-512", "a file of one sector", lambda i: i.data.__delitem__(slice(512, None)))
listing.close()
