{
  "targets": [
    {
      "target_name": "nft",
      "sources": [
        "binding.cc",
        "engine/addresses.cc",
        "engine/changes.cc",
        "engine/commit.cc",
        "engine/dormant.cc",
        "engine/elements.cc",
        "engine/engine.cc",
        "engine/expression.cc",
        "engine/finding.cc",
        "engine/intervals.cc",
        "engine/load.cc",
        "engine/message.cc",
        "engine/namespace.cc",
        "engine/netlink.cc",
        "engine/notifier.cc",
        "engine/reading.cc",
        "engine/rule.cc",
        "engine/ruleset.cc",
        "engine/table.cc",
        "engine/types.cc",
        "engine/userdata.cc",
        "engine/validate.cc",
        "engine/validate-rules.cc",
        "engine/watching.cc",
        "engine/wire.cc",
        "engine/wire-rules.cc",
        "engine/worker.cc"
      ],
      "defines": ["NAPI_VERSION=9", "NAPI_CPP_EXCEPTIONS"],
      "cflags!": ["-O3", "-Wno-unused-parameter"],
      "cflags": [
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-U_FORTIFY_SOURCE",
        "-D_FORTIFY_SOURCE=2",
        "-fstack-protector-strong",
        "-fvisibility=hidden",
        "-isystem ../../../node_modules/node-addon-api"
      ],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20"],
      "ldflags": ["-Wl,-z,relro,-z,now,-z,noexecstack"]
    }
  ]
}
