// SPDX-License-Identifier: MIT
#include <iostream>

int main() {
    std::cout << "ok" << std::endl;
    return 0;
}
