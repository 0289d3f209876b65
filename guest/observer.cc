// SPDX-License-Identifier: MIT
#include "guest/observer.h"

namespace armature::guest {

constinit Observer observer;

}  // namespace armature::guest
