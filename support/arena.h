// SPDX-License-Identifier: MIT
// Bump allocation for the compile path: no frees, one reset per block, chunks are kept for the next.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>
#include <type_traits>

namespace armature::support {

class Arena {
  public:
    Arena() = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena() {
        while (first_) {
            Chunk* next = first_->next;
            munmap(first_, first_->size);
            first_ = next;
        }
    }

    void* allocate(size_t size, size_t alignment) {
        uintptr_t at = (cursor_ + alignment - 1) & ~(alignment - 1);
        if (at + size > limit_) at = grow(size, alignment);
        cursor_ = at + size;
        return reinterpret_cast<void*>(at);
    }

    template <typename T, typename... Args>
    T* make(Args&&... args) {
        static_assert(std::is_trivially_destructible_v<T>);
        return new (allocate(sizeof(T), alignof(T))) T{static_cast<Args&&>(args)...};
    }

    template <typename T>
    std::span<T> make_array(size_t count) {
        static_assert(std::is_trivially_destructible_v<T>);
        T* data = static_cast<T*>(allocate(sizeof(T) * count, alignof(T)));
        for (size_t i = 0; i < count; i++) new (data + i) T{};
        return {data, count};
    }

    // Not initialised.
    template <typename T>
    std::span<T> make_room(size_t count) {
        static_assert(std::is_trivially_destructible_v<T>);
        return {static_cast<T*>(allocate(sizeof(T) * count, alignof(T))), count};
    }

    void reset() {
        current_ = first_;
        cursor_ = first_ ? first_->begin() : 0;
        limit_ = first_ ? first_->end() : 0;
    }

  private:
    struct Chunk {
        Chunk* next;
        size_t size;
        uintptr_t begin() const { return reinterpret_cast<uintptr_t>(this + 1); }
        uintptr_t end() const { return reinterpret_cast<uintptr_t>(this) + size; }
    };
    static constexpr size_t kChunkSize = 64u << 10;

    uintptr_t grow(size_t size, size_t alignment) {
        const size_t need = sizeof(Chunk) + size + alignment;
        while (current_ && current_->next) {
            current_ = current_->next;
            if (current_->size >= need) return enter(alignment);
        }
        const size_t bytes = need > kChunkSize ? need : kChunkSize;
        // Brought in as a whole: page by page it would cost several times as much.
        void* const memory =
            mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        Chunk* chunk = static_cast<Chunk*>(memory);
        chunk->next = nullptr;
        chunk->size = bytes;
        (current_ ? current_->next : first_) = chunk;
        current_ = chunk;
        return enter(alignment);
    }
    uintptr_t enter(size_t alignment) {
        limit_ = current_->end();
        return (current_->begin() + alignment - 1) & ~(alignment - 1);
    }

    Chunk* first_ = nullptr;
    Chunk* current_ = nullptr;
    uintptr_t cursor_ = 0;
    uintptr_t limit_ = 0;
};

}  // namespace armature::support
