// SPDX-License-Identifier: MIT
#include "translator/sve/forms_permute.h"
#include "translator/sve/row_functions.h"

namespace armature::translator::sve {
#include "translator/decode/a64_sve_permute.def"
}  // namespace armature::translator::sve
