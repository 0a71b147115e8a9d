// What a line says, whichever program says it.
#pragma once

#include <cstdint>
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
  su_failed,
  sudo_failed,
};

struct Said {
  Action action;
  // Empty: none.
  std::string_view user;
  // As `is_address` has it, or empty.
  std::string_view address;
  std::string_view method;
  // Whom the user acts as.
  std::string_view target;
  // 0: none.
  uint32_t port = 0;
  bool user_unknown = false;
  // How many like events it stands for; 0: itself.
  uint32_t repeats = 0;
};

}  // namespace bartizan::lines
