/* SPDX-License-Identifier: MIT */
/* A byte-code interpreter: a switch in a loop, so an indirect jump per operation. */
#include "bench.h"

enum Op { kPush, kAdd, kSub, kMul, kXor, kDup, kSwap, kDec, kJumpNotZero, kLoad, kStore, kEnd };

static uint64_t interpret(const int* code, int loops) {
    uint64_t stack[32], variables[4] = {(uint64_t)loops, 1, 2, 3};
    int top = 0;
    for (int at = 0;;) {
        switch ((enum Op)code[at++]) {
            case kPush:
                stack[top++] = (uint64_t)code[at++];
                break;
            case kAdd:
                top--, stack[top - 1] += stack[top];
                break;
            case kSub:
                top--, stack[top - 1] -= stack[top];
                break;
            case kMul:
                top--, stack[top - 1] *= stack[top];
                break;
            case kXor:
                top--, stack[top - 1] ^= stack[top];
                break;
            case kDup:
                stack[top] = stack[top - 1], top++;
                break;
            case kSwap: {
                uint64_t t = stack[top - 1];
                stack[top - 1] = stack[top - 2];
                stack[top - 2] = t;
                break;
            }
            case kDec:
                stack[top - 1]--;
                break;
            case kJumpNotZero: {
                int target = code[at++];
                if (stack[--top] != 0) at = target;
                break;
            }
            case kLoad:
                stack[top++] = variables[code[at++]];
                break;
            case kStore:
                variables[code[at++]] = stack[--top];
                break;
            case kEnd:
                return variables[1] ^ variables[2] ^ variables[3];
        }
    }
}

int main(void) {
    static const int kCode[] = {kLoad,        1,     kLoad,  2,    kAdd,   kDup, kStore, 1,    kPush,  17,
                                kMul,         kLoad, 3,      kXor, kStore, 2,    kLoad,  3,    kLoad,  1,
                                kSwap,        kSub,  kStore, 3,    kLoad,  0,    kDec,   kDup, kStore, 0,
                                kJumpNotZero, 0,     kEnd};
    report(interpret(kCode, 3600000));
    return 0;
}
