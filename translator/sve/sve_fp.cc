// SPDX-License-Identifier: MIT
#include "translator/sve/forms_fp.h"
#include "translator/sve/row_functions.h"

namespace armature::translator::sve {
#include "translator/decode/a64_sve_fp.def"
}  // namespace armature::translator::sve
