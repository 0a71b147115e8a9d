// What cron's PAM, systemd-logind, sudo and su say of every session and command: with sshd's nearly all of a log of
// authentication. Read as core/event/programs reads them, in their usual form alone.
#pragma once

#include <optional>
#include <string_view>

#include "said.h"

namespace bartizan::lines {

// Of ASCII text without control bytes but tabs. Nothing where the message is for others to read.
std::optional<Said> read_program(std::string_view program, std::string_view message);

}  // namespace bartizan::lines
