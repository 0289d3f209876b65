/* SPDX-License-Identifier: MIT */
/* CRC-32 by a table, one byte at a time. */
#include "bench.h"

int main(void) {
    static uint32_t table[256];
    static unsigned char data[1 << 16];
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++) c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
        table[i] = c;
    }
    for (int i = 0; i < 1 << 16; i++) data[i] = (unsigned char)(i * 7 + (i >> 8));
    uint32_t crc = ~0u;
    for (int round = 0; round < 2400; round++) {
        for (int i = 0; i < 1 << 16; i++) crc = table[(crc ^ data[i]) & 0xff] ^ crc >> 8;
    }
    report(crc);
    return 0;
}
