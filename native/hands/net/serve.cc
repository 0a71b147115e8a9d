#include "../../nft/engine/cursor.h"
#include "guard.h"
#include "verbs.h"

namespace bartizan::hand {

namespace {

std::vector<uint8_t> answer(const nft::Status& status) {
  return status ? nft::encode(*status) : std::vector<uint8_t>{0};
}

}  // namespace

std::vector<uint8_t> serve_guarded(nft::Engine& engine, nft::Bytes request) {
  Guard& guard = static_cast<Guard&>(engine);
  nft::Cursor in(request);
  switch (in.u8()) {
    case kArm: {
      const uint32_t window = in.u32();
      return answer(in.spent() ? guard.arm(window) : nft::refuse("the request is malformed"));
    }
    case kSettle:
      return answer(in.spent() ? guard.settle() : nft::refuse("the request is malformed"));
    case kRevert:
      guard.revert(in.text());
      return {0};
    case kLookAtTime:
      guard.look_at_time();
      return {0};
    case kPart:
      guard.part(in.text());
      return {0};
    default:
      return nft::serve(engine, request);
  }
}

std::vector<uint8_t> serve_unguarded(nft::Engine& engine, nft::Bytes request) {
  const uint8_t verb = request.empty() ? 0 : request.front();
  if (verb == kArm || verb == kSettle || is_own(verb)) return {0};
  return nft::serve(engine, request);
}

}  // namespace bartizan::hand
