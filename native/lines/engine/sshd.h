// The messages that make up nearly all of what sshd says, read as core/event/sshd reads them. What is not of their
// usual form is left to that: whoever writes here must be sure of each field, and not of more.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bartizan::lines {

// In the order of `ACTIONS` in native/lines/port.ts.
enum class Action : uint8_t {
  failed_password = 1,
  failed_publickey,
  failed_keyboard_interactive,
  failed_none,
  failed_other,
  accepted_password,
  accepted_publickey,
  accepted_keyboard_interactive,
  accepted_other,
  invalid_user,
  auth_abandoned,
  connection_closed,
  connection_reset,
  received_disconnect,
  pam_failure,
  pam_other,
  session_opened,
  session_closed,
  pam_session_opened,
  pam_session_closed,
  logind_session_new,
  sudo_command,
};

struct Said {
  Action action;
  // Empty: none.
  std::string_view user;
  // A canonical IPv4 address, or empty.
  std::string_view address;
  std::string_view method;
  // Whom the user acts as.
  std::string_view target;
  // 0: none.
  uint32_t port = 0;
  bool user_unknown = false;
};

// Of ASCII text without control bytes but tabs. Nothing where the message is for others to read.
std::optional<Said> read_sshd(std::string_view message);

// `session opened for user NAME(uid=0) by (uid=0)`, `session closed for user NAME`. @returns the name
std::optional<std::string_view> session_user(std::string_view text, bool& opened);

}  // namespace bartizan::lines
