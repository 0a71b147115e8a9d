// Rules as they come over the wire: see wire.h.
#pragma once

#include "cursor.h"

namespace bartizan::nft {

// A rule that is none leaves the cursor broken.
Rule read_rule(Cursor& in);

}  // namespace bartizan::nft
