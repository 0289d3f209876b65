// SPDX-License-Identifier: MIT
// Reading callback lists without a lock, and knowing when what was taken out of them is in nobody's hands any
// more.
//
// A thread that looks at a list or calls what it found there does so inside a Section, which publishes the
// epoch in which it began. Whoever takes something out of a list defers the consequences (freeing the old
// list, completing a reset) under the present epoch and starts the next one; the deferred work runs when
// every section that began in or before that epoch has ended. The last such section's thread runs it, so
// nobody ever waits.
//
// Callbacks made by translated code are in no section: that would cost at each call. For them the
// translator's run_exclusive is the quiescent point, see life_cycle.h.
#pragma once

#include <cstdint>

namespace armature::plugin_host {

void enter_section();
void leave_section();  // may run deferred work, if it is the thread's outermost section
unsigned section_depth();

class Section {
  public:
    Section() { enter_section(); }
    ~Section() { leave_section(); }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;
};

// Runs fn(argument) once every section that is open now is closed: at once if there is none. Call it without
// the host's lock.
void defer(void (*fn)(void*), void* argument);

// The host's one lock: around changes of lists, of the vCPU list and of plugins' states. Recursive, because
// callbacks register callbacks. Never held while a plugin's function or run_exclusive is called.
void lock_host();
void unlock_host();

class HostLock {
  public:
    HostLock() { lock_host(); }
    ~HostLock() { unlock_host(); }
    HostLock(const HostLock&) = delete;
    HostLock& operator=(const HostLock&) = delete;
};

// Around a fork: waits for the sections of other threads to end and lets them begin no new ones, so that no
// plugin's lock is held in the child by a thread that it does not have. Together with run_exclusive, which
// sees to the callbacks of translated code. A section that does not end within a second is not waited for any
// longer: its callback may be waiting for the very thread that forks.
void close_sections();
void open_sections();

// In the child of a fork whose parent held the host's lock over it: the lock is free, and only this thread's
// sections are left.
void reset_after_fork();

}  // namespace armature::plugin_host
