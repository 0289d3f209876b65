// SPDX-License-Identifier: MIT
// Virtual calls through a table of objects of many classes.
#include <memory>
#include <vector>

#include "bench.h"

struct Node {
    virtual ~Node() = default;
    virtual uint64_t step(uint64_t x) = 0;
};

template <int kKind>
struct Kind : Node {
    uint64_t step(uint64_t x) override {
        state += x;
        return (x >> 1) + state * (2 * kKind + 1);
    }
    uint64_t state = kKind;
};

int main() {
    std::vector<std::unique_ptr<Node>> nodes;
    uint32_t random = 7;
    for (int i = 0; i < 1000; i++) {
        switch (next_random(&random) % 6) {
            case 0:
                nodes.push_back(std::make_unique<Kind<0>>());
                break;
            case 1:
                nodes.push_back(std::make_unique<Kind<1>>());
                break;
            case 2:
                nodes.push_back(std::make_unique<Kind<2>>());
                break;
            case 3:
                nodes.push_back(std::make_unique<Kind<3>>());
                break;
            case 4:
                nodes.push_back(std::make_unique<Kind<4>>());
                break;
            default:
                nodes.push_back(std::make_unique<Kind<5>>());
                break;
        }
    }
    uint64_t x = 1;
    for (int round = 0; round < 40000; round++) {
        for (auto& node : nodes) x = node->step(x);
    }
    report(x);
}
