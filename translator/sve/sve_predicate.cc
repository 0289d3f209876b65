// SPDX-License-Identifier: MIT
#include "translator/sve/forms_predicate.h"
#include "translator/sve/row_functions.h"

namespace armature::translator::sve {
#include "translator/decode/a64_sve_predicate.def"
}  // namespace armature::translator::sve
