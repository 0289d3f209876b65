// SPDX-License-Identifier: MIT
#include <algorithm>

#include "guest/address_space.h"
#include "guest/user_access.h"
#include "translator/runtime/access_probes.h"
#include "translator/runtime/faults.h"
#include "translator/runtime/tag_check.h"
#include "translator/sve/forms_memory.h"

namespace armature::translator::sve {
namespace {

constexpr unsigned kMostBytes = 4 * kSveMaxBytes;

// As the host takes it: a user address without its tag.
uint64_t plain(uint64_t address) {
    return address >> 55 & 1 ? address : address & 0x00ffffffffffffff;
}

void fault_at(Machine& m, uint64_t address, unsigned size, bool is_store) {
    // The first byte that cannot be accessed: this one, or the first of the next page.
    uint8_t byte = 0;
    uint64_t at = plain(address);
    const uint64_t next_page = (at | (guest::kPageSize - 1)) + 1;
    guest::Mapping mapping;
    const bool first_is_fine =
        guest::read_object(&byte, at) &&
        (!is_store || (guest::AddressSpace::instance().find(at, &mapping) && (mapping.prot & PROT_WRITE)));
    if (first_is_fine && at + size > next_page) at = next_page;
    runtime::describe_emulated_access(runtime::of(&m.cpu).fault, at, is_store);
    m.faulted = true;
}

bool checks_tags(const Machine& m) {
    return runtime::tag_checks && !m.tags_unchecked;
}
// Does the access meet another tag than the address has? Then, unless `quiet`, it faults.
bool refused_by_tag(Machine& m, uint64_t address, unsigned size, bool is_store, bool quiet) {
    uint64_t at = 0;
    if (!checks_tags(m) || !tag_check_fails(m.cpu, address, size, is_store, &at)) return false;
    if (!quiet) {
        runtime::describe_tag_mismatch(runtime::of(&m.cpu).fault, at, is_store);
        m.faulted = true;
    }
    return true;
}

uint64_t extended(uint64_t value, const Shape& shape) {
    if (!shape.is_signed) return value;
    const unsigned unused = 64 - (8u << shape.memory);
    return static_cast<uint64_t>(static_cast<int64_t>(value << unused) >> unused);
}

void put_element(Lanes<uint8_t>& lanes, unsigned index, unsigned size, uint64_t value) {
    std::memcpy(&lanes[index << size], &value, size_t{1} << size);
}

class Reporter {
  public:
    Reporter(Machine& m, bool is_store) : probes_(m.cpu), is_store_(is_store) {}
    void access(uint64_t address, const void* bytes, unsigned size) {
        probes_.report(plain(address), bytes, size, is_store_);
    }
    bool watched() const { return probes_.watched(); }

  private:
    runtime::AccessProbes probes_;
    bool is_store_;
};

bool is_active(uint64_t governing, unsigned element, unsigned size) {
    return governing >> (element << size) & 1;
}

// FFR keeps the elements before this one.
void end_ffr(Machine& m, unsigned element, unsigned size) {
    m.state.ffr &= (uint64_t{1} << (element << size)) - 1;
}

}  // namespace

void Machine::undefined() {
    Exit& fault = runtime::of(&cpu).fault;
    fault = {};
    fault.reason = ExitReason::Undefined;
    faulted = true;
}

bool Machine::read(uint64_t address, void* to, unsigned size) {
    if (refused_by_tag(*this, address, size, false, false)) return false;
    if (guest::read_memory(to, plain(address), size)) return true;
    fault_at(*this, address, size, false);
    return false;
}

bool Machine::write(uint64_t address, const void* from, unsigned size) {
    if (refused_by_tag(*this, address, size, true, false)) return false;
    if (guest::write_memory(plain(address), from, size)) return true;
    fault_at(*this, address, size, true);
    return false;
}

void load_contiguous(Machine& m, unsigned t, unsigned g, unsigned registers, Shape shape, uint64_t address,
                     Faults faults) {
    const uint64_t governing = m.p(g) & element_bits(shape.element);
    const unsigned count = m.vl >> shape.element, bytes = 1u << shape.memory, step = bytes * registers;
    uint8_t data[kMostBytes] = {};
    Reporter reporter(m, false);
    // In one piece, from the first active element to the last, if all of that can be read.
    bool done = governing == 0;
    if (!done && !checks_tags(m)) {
        const unsigned first = static_cast<unsigned>(std::countr_zero(governing)) >> shape.element;
        const unsigned end = ((63 - static_cast<unsigned>(std::countl_zero(governing))) >> shape.element) + 1;
        done = guest::read_memory(data + first * step, plain(address + first * step), (end - first) * step);
    }
    bool before = false;  // an active element came before
    for (unsigned i = 0; i < count && !done; i++) {
        if (!is_active(governing, i, shape.element)) continue;
        const uint64_t at = address + i * step;
        const bool may_fault = faults == Faults::All || (faults == Faults::First && !before);
        before = true;
        for (unsigned r = 0; r < registers; r++) {
            const uint64_t from = at + r * bytes;
            const bool refused = refused_by_tag(m, from, bytes, false, !may_fault);
            if (m.faulted) return;
            if (!refused && guest::read_memory(data + i * step + r * bytes, plain(from), bytes)) continue;
            if (may_fault) return fault_at(m, from, bytes, false);
            std::memset(data + i * step, 0, sizeof data - i * step);
            end_ffr(m, i, shape.element);
            done = true;
        }
    }
    Lanes<uint8_t> lanes[4] = {};
    for (unsigned i = 0; i < count; i++) {
        if (!is_active(governing, i, shape.element)) continue;
        for (unsigned r = 0; r < registers; r++) {
            const unsigned from = i * step + r * bytes;
            uint64_t value = 0;
            std::memcpy(&value, data + from, bytes);
            put_element(lanes[r], i, shape.element, extended(value, shape));
            if (reporter.watched()) reporter.access(address + from, data + from, bytes);
        }
    }
    for (unsigned r = 0; r < registers; r++) m.set_z((t + r) & 31, lanes[r]);
}

void store_contiguous(Machine& m, unsigned t, unsigned g, unsigned registers, Shape shape, uint64_t address) {
    const uint64_t all = element_bits(shape.element) & m.vl_mask();
    const uint64_t governing = m.p(g) & all;
    const unsigned count = m.vl >> shape.element, bytes = 1u << shape.memory, step = bytes * registers;
    uint8_t data[kMostBytes];
    for (unsigned r = 0; r < registers; r++) {
        const auto lanes = m.z<uint8_t>((t + r) & 31);
        for (unsigned i = 0; i < count; i++)
            std::memcpy(data + i * step + r * bytes, &lanes[i << shape.element], bytes);
    }
    Reporter reporter(m, true);
    if (governing == all && !reporter.watched() && !checks_tags(m) &&
        guest::write_memory(plain(address), data, count * step))
        return;
    for (unsigned i = 0; i < count; i++) {
        if (!is_active(governing, i, shape.element)) continue;
        for (unsigned from = i * step; from < (i + 1) * step; from += bytes) {
            if (!m.write(address + from, data + from, bytes)) return;
            reporter.access(address + from, data + from, bytes);
        }
    }
}

void gather(Machine& m, unsigned t, unsigned g, Shape shape, const Addresses& addresses, Faults faults) {
    const uint64_t governing = m.p(g) & element_bits(shape.element);
    const unsigned count = m.vl >> shape.element, bytes = 1u << shape.memory;
    uint64_t data[std::tuple_size_v<Addresses>] = {};
    Lanes<uint8_t> lanes{};
    bool before = false;
    unsigned end = count;
    for (unsigned i = 0; i < end; i++) {
        if (!is_active(governing, i, shape.element)) continue;
        const bool may_fault = faults == Faults::All || !before;
        const bool refused = refused_by_tag(m, addresses[i], bytes, false, !may_fault);
        if (m.faulted) return;
        if (!refused && guest::read_memory(&data[i], plain(addresses[i]), bytes)) {
            put_element(lanes, i, shape.element, extended(data[i], shape));
            before = true;
            continue;
        }
        if (may_fault) return fault_at(m, addresses[i], bytes, false);
        end_ffr(m, i, shape.element);
        end = i;
    }
    Reporter reporter(m, false);
    if (reporter.watched()) {
        for (unsigned i = 0; i < end; i++)
            if (is_active(governing, i, shape.element)) reporter.access(addresses[i], &data[i], bytes);
    }
    m.set_z(t, lanes);
}

void scatter(Machine& m, unsigned t, unsigned g, Shape shape, const Addresses& addresses) {
    const auto lanes = m.z<uint8_t>(t);
    Reporter reporter(m, true);
    for (unsigned i = 0; i < m.vl >> shape.element; i++) {
        if (!is_active(m.p(g), i, shape.element)) continue;
        const void* const from = &lanes[i << shape.element];
        if (!m.write(addresses[i], from, 1u << shape.memory)) return;
        reporter.access(addresses[i], from, 1u << shape.memory);
    }
}

void load_replicated(Machine& m, unsigned t, unsigned g, Shape shape, uint64_t address) {
    Lanes<uint8_t> lanes{};
    Reporter reporter(m, false);
    const uint64_t governing = m.p(g) & element_bits(shape.element);
    if (governing) {
        uint64_t value = 0;
        if (!m.read(address, &value, 1u << shape.memory)) return;
        reporter.access(address, &value, 1u << shape.memory);
        for (unsigned i = 0; i < m.vl >> shape.element; i++)
            if (is_active(governing, i, shape.element))
                put_element(lanes, i, shape.element, extended(value, shape));
    }
    m.set_z(t, lanes);
}

void load_quads(Machine& m, unsigned t, unsigned g, unsigned size, unsigned bytes, uint64_t address) {
    Lanes<uint8_t> lanes{};
    Reporter reporter(m, false);
    for (unsigned i = 0; i < bytes >> size; i++) {
        if (!is_active(m.p(g), i, size)) continue;
        const uint64_t at = address + (i << size);
        if (!m.read(at, &lanes[i << size], 1u << size)) return;
        reporter.access(at, &lanes[i << size], 1u << size);
    }
    for (unsigned at = bytes; at < m.vl; at++) lanes[at] = lanes[at - bytes];
    m.set_z(t, lanes);
}

void load_register(Machine& m, unsigned t, uint64_t address, bool predicate) {
    Lanes<uint8_t> lanes{};
    const unsigned bytes = predicate ? m.vl / 8 : m.vl;
    if (!m.read(address, lanes.data(), bytes)) return;
    Reporter reporter(m, false);
    const unsigned piece = std::min(bytes, 8u);
    for (unsigned at = 0; at < bytes; at += piece) reporter.access(address + at, &lanes[at], piece);
    if (predicate) {
        uint64_t bits = 0;
        std::memcpy(&bits, lanes.data(), bytes);
        m.set_p(t, bits);
    } else {
        m.set_z(t, lanes);
    }
}

void store_register(Machine& m, unsigned t, uint64_t address, bool predicate) {
    const unsigned bytes = predicate ? m.vl / 8 : m.vl;
    Lanes<uint8_t> lanes{};
    if (predicate) {
        const uint64_t bits = m.p(t);
        std::memcpy(lanes.data(), &bits, sizeof bits);
    } else {
        lanes = m.z<uint8_t>(t);
    }
    if (!m.write(address, lanes.data(), bytes)) return;
    Reporter reporter(m, true);
    const unsigned piece = std::min(bytes, 8u);
    for (unsigned at = 0; at < bytes; at += piece) reporter.access(address + at, &lanes[at], piece);
}

}  // namespace armature::translator::sve
