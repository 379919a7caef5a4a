package io.jimg.host.file;

/**
 * The size and the sectors of a block device.
 *
 * @param size its size, bytes
 * @param logicalSector the smallest unit that it is addressed by, bytes
 * @param physicalSector the smallest unit that it writes without reading first, bytes
 */
public record DeviceGeometry(long size, int logicalSector, int physicalSector) {}
