// SPDX-License-Identifier: MIT
// The C++ library at work: containers, algorithms, streams, strings, virtual calls, lambdas, dynamic_cast,
// atomics, futures.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "check.h"

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
};
struct Square : Shape {
    explicit Square(double s) : side(s) {}
    double area() const override { return side * side; }
    double side;
};
struct Named {
    virtual ~Named() = default;
    std::string name = "named";
};
struct Circle : Named, Shape {
    explicit Circle(double r) : radius(r) {}
    double area() const override { return 3 * radius * radius; }
    double radius;
};

int main() {
    std::mt19937_64 random(5489);
    CHECK_EQ(random(), 14514284786278117030u);
    std::vector<uint64_t> numbers(5000);
    std::generate(numbers.begin(), numbers.end(), std::ref(random));
    auto sorted = numbers;
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::is_sorted(sorted.begin(), sorted.end()));
    std::set<uint64_t> tree(numbers.begin(), numbers.end());
    CHECK(std::equal(tree.begin(), tree.end(), sorted.begin(), sorted.end()));
    std::unordered_map<uint64_t, size_t> places;
    for (size_t i = 0; i < numbers.size(); i++) places[numbers[i]] = i;
    for (size_t i = 0; i < numbers.size(); i++) CHECK_EQ(places[numbers[i]], i);
    CHECK_EQ(std::accumulate(numbers.begin(), numbers.end(), UINT64_C(0)),
             std::accumulate(sorted.begin(), sorted.end(), UINT64_C(0)));

    std::ostringstream text;
    text << 42 << ' ' << 2.5 << ' ' << std::hex << 255 << ' ' << std::boolalpha << true;
    CHECK_STR(text.str().c_str(), "42 2.5 ff true");
    std::istringstream parse("17 3.25 word");
    int integer;
    double real;
    std::string word;
    parse >> integer >> real >> word;
    CHECK(integer == 17 && real == 3.25 && word == "word");
    std::smatch match;
    std::string date = "on 2024-05-17 it was";
    CHECK(std::regex_search(date, match, std::regex("(\\d+)-(\\d+)-(\\d+)")) && match[2] == "05");

    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 0; i < 100; i++) {
        if (i % 3 == 0) {
            shapes.push_back(std::make_unique<Circle>(i));
        } else {
            shapes.push_back(std::make_unique<Square>(i));
        }
    }
    double total = 0;
    int circles = 0;
    for (auto& shape : shapes) {
        total += shape->area();
        if (auto* named = dynamic_cast<Named*>(shape.get())) circles += named->name == "named";
    }
    CHECK_EQ(circles, 34);
    CHECK(total == 553872);

    std::map<std::string, std::variant<int, std::string>> mixed = {{"a", 1}, {"b", "two"}};
    CHECK_EQ(std::get<int>(mixed["a"]), 1);
    CHECK_STR(std::get<std::string>(mixed["b"]).c_str(), "two");

    auto future = std::async(std::launch::async, [] { return 6 * 7; });
    CHECK_EQ(future.get(), 42);
    std::atomic<int> counter{0};
    std::mutex mutex;
    int guarded = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([&] {
            for (int j = 0; j < 1000; j++) {
                counter++;
                std::lock_guard lock(mutex);
                guarded++;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK_EQ(counter, 4000);
    CHECK_EQ(guarded, 4000);
    auto start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(5));
    return check_done();
}
