// SPDX-License-Identifier: MIT
// SVE: loads and stores. The host's masked moves leave alone, and do not fault for, what is not active.
#include "translator/x64/sve_emit.h"

namespace armature::translator::x64 {

using Xbyak::Address;
using Xbyak::RegExp;
using Xbyak::Xmm;
using Xbyak::util::eax;
using Xbyak::util::rax;
using Xbyak::util::rcx;
using Xbyak::util::rdi;
using Xbyak::util::rsi;

// The base and the index, or the base and a constant.
RegExp Sve::address() {
    RegExp at = RegExp(x_sp(f.n, rsi));
    at = f.m == ir::kNoRegister ? at + static_cast<int>(f.imm) : at + x(f.m, rdi) * (1 << f.memory);
    if (!e.block().mask_tags) return at;
    c.lea(rsi, c.ptr[at]);
    c.shl(rsi, 8);
    c.sar(rsi, 8);
    return RegExp(rsi);
}

void Sve::load() {
    const Opmask active = mask();
    const Xmm to = fresh();
    const Xmm d = to | active | Xbyak::util::T_z;
    const Address from = c.ptr[address()];
    access([&] {
        const bool is_signed = f.option;
        if (f.size == f.memory) return assign(d, from);
        switch (f.size << 2 | f.memory) {
            case 1 << 2 | 0:
                return is_signed ? c.vpmovsxbw(d, from) : c.vpmovzxbw(d, from);
            case 2 << 2 | 0:
                return is_signed ? c.vpmovsxbd(d, from) : c.vpmovzxbd(d, from);
            case 3 << 2 | 0:
                return is_signed ? c.vpmovsxbq(d, from) : c.vpmovzxbq(d, from);
            case 2 << 2 | 1:
                return is_signed ? c.vpmovsxwd(d, from) : c.vpmovzxwd(d, from);
            case 3 << 2 | 1:
                return is_signed ? c.vpmovsxwq(d, from) : c.vpmovzxwq(d, from);
            case 3 << 2 | 2:
                return is_signed ? c.vpmovsxdq(d, from) : c.vpmovzxdq(d, from);
            default:
                return r.fail();
        }
    });
    set_z(f.d, to);
}

void Sve::store() {
    const Opmask active = mask();
    const Xmm value = z(f.d);
    const Address to = c.ptr[address()] | active;
    access([&] {
        if (f.size == f.memory) return assign(to, value);
        switch (f.size << 2 | f.memory) {
            case 1 << 2 | 0:
                return c.vpmovwb(to, value);
            case 2 << 2 | 0:
                return c.vpmovdb(to, value);
            case 3 << 2 | 0:
                return c.vpmovqb(to, value);
            case 2 << 2 | 1:
                return c.vpmovdw(to, value);
            case 3 << 2 | 1:
                return c.vpmovqw(to, value);
            case 3 << 2 | 2:
                return c.vpmovqd(to, value);
            default:
                return r.fail();
        }
    });
}

// One element for all that are active. If none is, the access may not be made: then it faults, if it does,
// for C++ to see.
void Sve::load_replicated() {
    const Opmask active = mask();
    const Xmm to = fresh();
    const RegExp from = address();
    access([&] {
        switch (f.memory) {
            case 0:
                return f.option ? c.movsx(rax, c.byte[from]) : c.movzx(eax, c.byte[from]);
            case 1:
                return f.option ? c.movsx(rax, c.word[from]) : c.movzx(eax, c.word[from]);
            case 2:
                return f.option ? c.movsxd(rax, c.dword[from]) : c.mov(eax, c.dword[from]);
            default:
                return c.mov(rax, c.qword[from]);
        }
    });
    broadcast(to | active | Xbyak::util::T_z, rax);
    set_z(f.d, to);
}

// 16 bytes for each 16.
void Sve::load_quads() {
    const Opmask active = mask();
    const Xmm to = fresh();
    const Xmm low = part(to, 16) | active | Xbyak::util::T_z;
    const Address from = c.ptr[address()];
    access([&] { assign(low, from); });
    if (length == 64) c.vshufi32x4(Xbyak::Zmm(to.getIdx()), Xbyak::Zmm(to.getIdx()), to, 0);
    if (length == 32) c.vshufi32x4(Xbyak::Ymm(to.getIdx()), Xbyak::Ymm(to.getIdx()), to, 0);
    set_z(f.d, to);
}

void Sve::load_vector() {
    const Xmm to = fresh();
    const Address from = c.ptr[address()];
    access([&] { c.vmovdqu64(to, from); });
    set_z(f.d, to);
}

void Sve::store_vector() {
    const Xmm value = z(f.d);
    const Address to = c.ptr[address()];
    access([&] { c.vmovdqu64(to, value); });
}

void Sve::load_predicate() {
    const RegExp from = address();
    access([&] {
        switch (length) {
            case 16:
                return c.movzx(eax, c.word[from]);
            case 32:
                return c.mov(eax, c.dword[from]);
            default:
                return c.mov(rax, c.qword[from]);
        }
    });
    set_p(f.d, rax);
}

void Sve::store_predicate() {
    get_p(rcx, f.d);
    const RegExp to = address();
    access([&] {
        switch (length) {
            case 16:
                return c.mov(c.word[to], rcx.cvt16());
            case 32:
                return c.mov(c.dword[to], rcx.cvt32());
            default:
                return c.mov(c.qword[to], rcx);
        }
    });
}

}  // namespace armature::translator::x64
