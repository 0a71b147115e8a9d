// The messages that make up nearly all of what sshd says, read as core/event/sshd reads them. What is not of their
// usual form is left to that: whoever writes here must be sure of each field, and not of more.
#pragma once

#include <optional>
#include <string_view>

#include "said.h"

namespace bartizan::lines {

// Of ASCII text without control bytes but tabs. Nothing where the message is for others to read.
std::optional<Said> read_sshd(std::string_view message);

// `session opened for user NAME(uid=0) by (uid=0)`, `session closed for user NAME`. @returns the name
std::optional<std::string_view> session_user(std::string_view text, bool& opened);

}  // namespace bartizan::lines
