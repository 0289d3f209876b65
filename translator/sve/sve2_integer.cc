// SPDX-License-Identifier: MIT
#include "translator/sve/forms_sve2.h"
#include "translator/sve/row_functions.h"

namespace armature::translator::sve {
#include "translator/decode/a64_sve2_integer.def"
}  // namespace armature::translator::sve
