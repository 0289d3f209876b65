/* SPDX-License-Identifier: MIT */
/* Parses and prints a JSON-like text: recursive descent over characters. */
#include "bench.h"

static char text[1 << 17];
static size_t length;
static uint64_t sum;
static const char* at;

static void generate(uint32_t* state, int depth) {
    uint32_t r = next_random(state) % 10;
    if (length > sizeof text - 4096) r = 9;
    if (depth > 0 && r < 4) {
        text[length++] = r < 2 ? '[' : '{';
        int count = 2 + (int)(next_random(state) % 6);
        for (int i = 0; i < count; i++) {
            if (i) text[length++] = ',';
            if (r >= 2) length += (size_t)sprintf(text + length, "\"key%d\" : ", i);
            generate(state, depth - 1);
        }
        text[length++] = r < 2 ? ']' : '}';
    } else if (r < 7) {
        int whole = (int)(next_random(state) % 20000) - 10000;
        length += (size_t)sprintf(text + length, "%d.%02u", whole, next_random(state) % 100);
    } else if (r < 9) {
        length += (size_t)sprintf(text + length, "\"text \\\"%u\\n\"", next_random(state));
    } else {
        length += (size_t)sprintf(text + length, r & 1 ? "true" : "null");
    }
}

static void space(void) {
    while (*at == ' ' || *at == '\n') at++;
}

static void string(void) {
    uint64_t hash = 5381;
    for (at++; *at != '"'; at++) {
        if (*at == '\\') at++;
        hash = hash * 33 + (unsigned char)*at;
    }
    at++;
    sum = mix(sum, hash);
}

static void value(void) {
    space();
    switch (*at) {
        case '[':
        case '{': {
            char close = *at == '[' ? ']' : '}';
            at++;
            for (;;) {
                space();
                if (*at == close) break;
                if (close == '}') {
                    string();
                    space();
                    at++;
                }
                value();
                space();
                if (*at == ',') at++;
            }
            at++;
            sum = mix(sum, (unsigned char)close);
            break;
        }
        case '"':
            string();
            break;
        case 't':
        case 'n':
            at += 4;
            break;
        default: {
            int negative = *at == '-';
            uint64_t number = 0;
            at += negative;
            for (; (*at >= '0' && *at <= '9') || *at == '.'; at++) {
                if (*at != '.') number = number * 10 + (uint64_t)(*at - '0');
            }
            sum = mix(sum, negative ? 0 - number : number);
        }
    }
}

int main(void) {
    uint32_t state = 3;
    text[length++] = '[';
    while (length < sizeof text - 8192) {
        generate(&state, 6);
        text[length++] = ',';
    }
    text[length - 1] = ']';
    for (int round = 0; round < 550; round++) {
        at = text;
        value();
    }
    report(sum);
    return 0;
}
