// SPDX-License-Identifier: MIT
#include "translator/sve/forms.h"
#include "translator/sve/row_functions.h"

namespace armature::translator::sve {
#include "translator/decode/a64_sve_integer.def"
}  // namespace armature::translator::sve
