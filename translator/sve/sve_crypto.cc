// SPDX-License-Identifier: MIT
#include "translator/sve/forms_crypto.h"
#include "translator/sve/row_functions.h"

namespace armature::translator::sve {
#include "translator/decode/a64_sve_crypto.def"
}  // namespace armature::translator::sve
