// SPDX-License-Identifier: MIT
#include "guest/options.h"

namespace armature::guest {

Options options;

}  // namespace armature::guest
