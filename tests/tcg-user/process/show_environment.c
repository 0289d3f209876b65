/* SPDX-License-Identifier: MIT */
/* Prints its arguments and variables, a line each; with "random" its random bytes and where its stack is;
   with "exec FILE" it becomes another program. Without arguments it is just well. */
#include <sys/auxv.h>

#include "check.h"

extern char** environ;

int main(int count, char** arguments) {
    if (count == 1) return check_done();
    if (strcmp(arguments[1], "random") == 0) {
        const unsigned char* bytes = (const unsigned char*)getauxval(AT_RANDOM);
        for (int i = 0; i < 16; i++) printf("%02x", bytes[i]);
        printf(" %p\n", (void*)arguments);
        return 0;
    }
    if (strcmp(arguments[1], "exec") == 0) {
        execv(arguments[2], arguments + 2);
        return 1;
    }
    for (int i = 0; i < count; i++) puts(arguments[i]);
    for (char** variable = environ; *variable; variable++) puts(*variable);
    return 0;
}
